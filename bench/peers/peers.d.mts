export interface StartTerms {
  readonly port: number
  readonly otherPort: number
  readonly directory: string
  readonly baseline?: string
  readonly ws?: boolean
  readonly settings?: string
}
export interface Peer {
  find(terms: { readonly baseline?: string }): string | undefined
  version(terms: { readonly baseline?: string }): string
  command(terms: StartTerms): string[]
}
export const peers: Readonly<Record<string, Peer>>
