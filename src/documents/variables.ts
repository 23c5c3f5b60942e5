import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Puts variables of the environment in the place of `${NAME}`. Where NAME is not set but NAME_FILE is, the value is
 * what that file holds, without its last line end: that is how secrets are mounted. `${NAME:-usual}` has a default,
 * `$${` stands for `${`. The fault quotes nothing of a text that is secret.
 */
export function substituteVariables(
  text: string,
  environment: Environment,
  isSecret = false,
): { readonly text: string } | { readonly fault: string } {
  if (!text.includes('${')) return { text }
  let fault: string | undefined
  const substituted = text.replace(
    /\$\$\{|\$\{([^}:]*)(?::-([^}]*))?\}?/g,
    (whole: string, name: string | undefined, usual: string | undefined) => {
      if (whole === '$${') return '${'
      if (name === undefined || !/^\w+$/.test(name) || !whole.endsWith('}')) {
        fault ??= `${isSecret ? 'this' : whole} is no variable; write \${NAME}, or $\${ for the characters themselves`
        return ''
      }
      const outcome = valueOf(name, environment, isSecret)
      if ('value' in outcome) return outcome.value
      if (usual !== undefined) return usual
      fault ??= outcome.fault
      return ''
    },
  )
  return fault === undefined ? { text: substituted } : { fault }
}

function valueOf(
  name: string,
  environment: Environment,
  isSecret: boolean,
): { readonly value: string } | { readonly fault: string } {
  const value = environment[name]
  if (value !== undefined) return { value }
  const file = environment[`${name}_FILE`]
  const fileVariable = isSecret ? 'the one with _FILE behind its name' : `${name}_FILE`
  if (file === undefined) {
    return { fault: `the variable ${isSecret ? 'named here' : name} is not set, nor is ${fileVariable}` }
  }
  const content = readValueFile(file)
  return 'fault' in content ? { fault: `${fileVariable}: ${content.fault}` } : content
}

/** A value that stands in a file of its own. */
export function readValueFile(file: string): { readonly value: string } | { readonly fault: string } {
  try {
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    return { fault: `cannot read ${file}: ${(error as Error).message}` }
  }
}
