/** The document as text: parsed with the places of everything in it, and written again. */
import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Node,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';
import { printPath, type Mistake, type Path } from '../core/mistake.ts';
import { bulkProblem, excessIn, foreignCharacter, tooDeep } from './document-bulk.ts';
import type { Finding } from './operations.ts';
import { yamlProblems, type Problem } from './yaml-problems.ts';

/** 1-based. */
export type Place = { readonly line: number; readonly column: number };

export type DocumentText = {
  /** Plain maps, lists and scalars; undefined when there are errors. */
  readonly value?: unknown;
  /** Why it is not YAML (or JSON) that can be read. */
  readonly findings: readonly Finding[];
  /** Where a path stands in the text: its key, or the nearest thing around it that is there. */
  readonly locate: (path: Path) => Place | undefined;
};

/** After so many mistakes of form the rest says nothing more. */
const mostProblems = 20;

/** Parses YAML 1.2, and so JSON too. Never throws. */
export function readText(text: string): DocumentText {
  const problem = bulkProblem(text);
  if (problem !== undefined) return unreadable(problem);
  const foreign = foreignCharacter(text);
  if (foreign !== undefined) return unreadable(foreign.message, placeOf(text, foreign.at));
  const lines = new LineCounter();
  try {
    const documents = parsed(text, lines);
    if ('empty' in documents || documents[0]?.contents === null || documents[0] === undefined)
      return unreadable('the document is empty');
    if (documents.length > 1) return unreadable('there are several documents (---) in this text: keep one');
    return readParsed(documents[0], text, lines);
  } catch (cause) {
    return unreadable(`cannot be read as YAML: ${reason(cause)}`);
  }
}

function parsed(
  text: string,
  lineCounter: LineCounter,
): ReturnType<typeof parseAllDocuments<ParsedNode, true>> {
  const { stackTraceLimit } = Error;
  // The parser makes an error for each mistake: of a text that has a million of them the stacks alone fill the memory.
  Error.stackTraceLimit = 0;
  try {
    // It would compare each key with every other of its map; `repeatedKeys` needs one look at each.
    return parseAllDocuments(text, {
      lineCounter,
      merge: true,
      prettyErrors: false,
      uniqueKeys: false,
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function readParsed(document: Document.Parsed, text: string, lines: LineCounter): DocumentText {
  const membersOf = indexed();
  const locate = (path: Path): Place | undefined => locateIn({ document, membersOf }, path, lines);
  const problems = [...document.errors, ...document.warnings];
  if (problems.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) return unreadable(tooDeep);
  const found = [...yamlProblems(problems, text), ...repeatedKeys(document)];
  if (found.length > 0) {
    const findings = found.slice(0, mostProblems).map(({ at, message }): Finding => {
      const { line, col: column } = lines.linePos(at);
      return { path: '', line, column, level: 'error', message };
    });
    return { findings, locate };
  }
  const value: unknown = document.toJS({ maxAliasCount: 10_000 });
  const excess = excessIn(value);
  if (excess !== undefined) return unreadable(excess);
  return { value, findings: [], locate };
}

function unreadable(message: string, place: Place = { line: 1, column: 1 }): DocumentText {
  return { findings: [{ path: '', ...place, level: 'error', message }], locate: () => place };
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

function reason(cause: unknown): string {
  if (cause instanceof RangeError) return tooDeep;
  if (cause instanceof ReferenceError && /alias count/.test(cause.message))
    return 'its anchors repeat each other too often';
  return cause instanceof Error ? cause.message : String(cause);
}

/** Keys that a map has twice, at their second place. */
function repeatedKeys(document: Document.Parsed): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          problems.push({
            at: key.range?.[0] ?? 0,
            message: 'this key stands here twice: keep one of them',
          });
        seen.add(key.value);
      }
    },
  });
  return problems;
}

type Found = { readonly node: unknown; readonly offset: number };
type MembersOf = (map: YAMLMap) => ReadonlyMap<string, Found>;
type Searched = { readonly document: Document.Parsed; readonly membersOf: MembersOf };

/** The members of a map by their key; each map is gone through once, whatever is looked for in it. */
function indexed(): MembersOf {
  const known = new WeakMap<YAMLMap, ReadonlyMap<string, Found>>();
  return (map) => {
    const members = known.get(map) ?? membersIn(map);
    known.set(map, members);
    return members;
  };
}

function membersIn(map: YAMLMap): ReadonlyMap<string, Found> {
  return new Map(
    map.items.flatMap(({ key, value }) =>
      isScalar(key) && key.range ? [[String(key.value), { node: value, offset: key.range[0] }] as const] : [],
    ),
  );
}

function locateIn(searched: Searched, path: Path, lines: LineCounter): Place | undefined {
  let node: unknown = searched.document.contents;
  let offset = 0;
  let depth = 0;
  for (const step of path) {
    const found = stepInto(node, step, searched);
    if (!found) break;
    [node, offset] = [found.node, found.offset];
    depth++;
  }
  // What is not even there as an object stands in the database, not in this text.
  if (depth < Math.min(2, path.length - 1)) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function stepInto(parent: unknown, step: string | number, searched: Searched): Found | undefined {
  const node = isAlias(parent) ? parent.resolve(searched.document) : parent;
  if (isSeq(node)) {
    const item = typeof step === 'number' ? (node.items[step] as Node | undefined) : undefined;
    return item?.range ? { node: item, offset: item.range[0] } : undefined;
  }
  return isMap(node) ? searched.membersOf(node).get(String(step)) : undefined;
}

/** Mistakes with their places in the text, in its order; those that stand elsewhere come last. */
export function toFindings(mistakes: readonly Mistake[], locate: DocumentText['locate']): readonly Finding[] {
  const findings = mistakes.map(({ path, level, message }): Finding => {
    const place = locate(path);
    return { path: printPath(path), ...place, level, message };
  });
  const line = (finding: Finding): number => finding.line ?? Infinity;
  const column = (finding: Finding): number => finding.column ?? 0;
  return findings.sort((a, b) => (line(a) === line(b) ? column(a) - column(b) : line(a) - line(b)));
}

const widest = 100;

/** Plain maps and lists as YAML: small entries of lists on one line, as people write them. */
export function writeText(value: unknown): string {
  return printText(new Document(value, { aliasDuplicateObjects: false }));
}

/** The same of a document that was built by hand, with comments or anchors in it. */
export function printText(document: Document): string {
  visit(document, {
    Collection(key, node, path) {
      const inList = key !== null && isSeq(path.at(-1));
      const scalarsOnly = isSeq(node) && node.items.every((item) => isScalar(item));
      if ((inList || scalarsOnly) && JSON.stringify(node).length <= widest) node.flow = true;
      return undefined;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
