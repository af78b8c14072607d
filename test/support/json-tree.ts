/**
 * JSON as it is written: objects may name a key twice, and a value may be any text at all. What `JSON.stringify` can
 * never produce, a client can send.
 */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Members = { readonly members: readonly (readonly [key: string, value: Tree])[] };

export type Tree = null | boolean | number | string | Raw | readonly Tree[] | Members;

export function isMembers(tree: Tree): tree is Members {
  return typeof tree === 'object' && tree !== null && 'members' in tree;
}

export function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

/** A parsed value as a tree. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value === 'object' && value !== null)
    return { members: Object.entries(value).map(([key, item]) => [key, treeOf(item)] as const) };
  return value as Tree;
}

/** The tree as JSON text. */
export function textOf(tree: Tree): string {
  if (tree instanceof Raw) return tree.text;
  if (isList(tree)) return `[${tree.map(textOf).join(',')}]`;
  if (isMembers(tree))
    return `{${tree.members.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
  return JSON.stringify(tree);
}
