import { splitLevels } from './topic-syntax.ts'

/**
 * Topic names as a tree of levels; finds all that a filter matches. The mirror image of the subscription trie, for
 * retained messages. Generic in what it holds.
 */
export class TopicTree<V> {
  readonly #root: TreeNode<V> = { value: undefined, children: undefined }
  #size = 0

  get size(): number {
    return this.#size
  }

  get(topicName: string): V | undefined {
    let node: TreeNode<V> | undefined = this.#root
    for (const level of splitLevels(topicName)) {
      node = node.children?.get(level)
      if (node === undefined) return undefined
    }
    return node.value
  }

  /** Stores a value under a topic name and returns the one it replaces. */
  set(topicName: string, value: V): V | undefined {
    let node = this.#root
    for (const level of splitLevels(topicName)) {
      node.children ??= new Map()
      let child = node.children.get(level)
      if (child === undefined) node.children.set(level, (child = { value: undefined, children: undefined }))
      node = child
    }
    const before = node.value
    node.value = value
    if (before === undefined) this.#size++
    return before
  }

  /** Removes and returns a value, with every level that holds nothing more. */
  delete(topicName: string): V | undefined {
    const path: TreeNode<V>[] = [this.#root]
    const levels = splitLevels(topicName)
    for (const level of levels) {
      const child = path.at(-1)?.children?.get(level)
      if (child === undefined) return undefined
      path.push(child)
    }
    const node = path.at(-1) as TreeNode<V>
    const { value } = node
    if (value === undefined) return undefined
    node.value = undefined
    this.#size--
    for (let depth = levels.length; depth > 0 && isEmpty(path[depth] as TreeNode<V>); depth--) {
      const parent = path[depth - 1] as TreeNode<V>
      parent.children?.delete(levels[depth - 1] as string)
      if (parent.children?.size === 0) parent.children = undefined
    }
    return value
  }

  /** The values whose topic a filter matches. */
  *match(topicFilter: string): Generator<V, void, undefined> {
    for (const value of this.walk(topicFilter)) if (value !== undefined) yield value
  }

  /**
   * The same, pausing at every place it visits, with undefined where nothing matches, so that a walk of a large tree
   * can be done in slices. Values set or deleted meanwhile may or may not be seen.
   */
  *walk(topicFilter: string): Generator<V | undefined, void, undefined> {
    const levels = splitLevels(topicFilter)
    // a stack of its own: topics may have more levels than calls can nest
    const stack: Iterator<Place<V>>[] = [[{ node: this.#root, depth: 0 }].values()]
    for (let places = stack.at(-1); places !== undefined; places = stack.at(-1)) {
      const next = places.next()
      if (next.done) {
        stack.pop()
        continue
      }
      const { node, depth } = next.value
      const level = levels[Math.min(depth, levels.length - 1)]
      const isBelowHash = level === '#' && depth >= levels.length - 1
      yield depth === levels.length || isBelowHash ? node.value : undefined // a/# matches a
      if (depth < levels.length || isBelowHash) stack.push(childrenFor(node, depth, level as string))
    }
  }
}

interface TreeNode<V> {
  value: V | undefined
  children: Map<string, TreeNode<V>> | undefined
}

/** A node on the way of a walk: the level of the filter that its children are held against is at `depth`. */
interface Place<V> {
  readonly node: TreeNode<V>
  readonly depth: number
}

function isEmpty<V>(node: TreeNode<V>): boolean {
  return node.value === undefined && node.children === undefined
}

function* childrenFor<V>(node: TreeNode<V>, depth: number, level: string): Generator<Place<V>, void, undefined> {
  if (node.children === undefined) return
  if (level !== '+' && level !== '#') {
    const child = node.children.get(level)
    if (child !== undefined) yield { node: child, depth: depth + 1 }
    return
  }
  for (const [name, child] of node.children) {
    if (depth === 0 && name.startsWith('$')) continue // [MQTT5-4.7.2-1]
    yield { node: child, depth: depth + 1 }
  }
}
