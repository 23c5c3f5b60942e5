/** Whose defaults and rules hold where versions of Mosquitto differ. */
export type MosquittoVersion = '2.0' | '2.1'
