/** Characters that mean something in topics, as bytes. */
export const SLASH = 0x2f
export const PLUS = 0x2b
export const HASH = 0x23
export const DOLLAR = 0x24
