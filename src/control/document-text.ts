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
} from 'yaml';
import { printPath, type Mistake, type Path } from '../core/mistake.ts';
import type { Finding } from './operations.ts';

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

const longest = 10 * 1024 * 1024;
const mostNodes = 3_000_000;
const deepest = 100;
/** After so many mistakes of form the rest says nothing more. */
const mostProblems = 20;

/** Parses YAML 1.2, and so JSON too. Never throws. */
export function readText(text: string): DocumentText {
  if (Buffer.byteLength(text) > longest) return unreadable('the document is larger than 10 MB');
  const lines = new LineCounter();
  try {
    const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false });
    if ('empty' in documents || documents[0]?.contents === null || documents[0] === undefined)
      return unreadable('the document is empty');
    if (documents.length > 1) return unreadable('there are several documents (---) in this text: keep one');
    return readParsed(documents[0], lines);
  } catch (cause) {
    return unreadable(`cannot be read as YAML: ${reason(cause)}`);
  }
}

function readParsed(document: Document.Parsed, lines: LineCounter): DocumentText {
  const locate = (path: Path): Place | undefined => locateIn(document, path, lines);
  const problems = [...document.errors, ...document.warnings];
  if (problems.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) return unreadable(tooDeep);
  if (problems.length > 0) {
    const findings = problems.slice(0, mostProblems).map(({ code, message, pos }): Finding => {
      const { line, col: column } = lines.linePos(pos[0]);
      return { path: '', line, column, level: 'error', message: yamlProblem(code, message) };
    });
    return { findings, locate };
  }
  const value: unknown = document.toJS({ maxAliasCount: 10_000 });
  const excess = excessIn(value);
  if (excess !== undefined) return unreadable(excess);
  return { value, findings: [], locate };
}

function unreadable(message: string): DocumentText {
  const first = { line: 1, column: 1 };
  return { findings: [{ path: '', ...first, level: 'error', message }], locate: () => first };
}

function yamlProblem(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands here twice: keep one of them';
  if (code === 'TAB_AS_INDENT') return 'indent with spaces: YAML does not allow tabs';
  return `is not valid YAML: ${message.split('\n')[0]}`;
}

function reason(cause: unknown): string {
  if (cause instanceof RangeError) return tooDeep;
  return cause instanceof Error ? cause.message : String(cause);
}

const tooDeep = `is nested deeper than ${deepest} levels`;

/** Why a value that did not come as text is more than a document may hold; undefined = it is not. */
export function excessOf(value: unknown): string | undefined {
  const excess = excessIn(value);
  if (excess !== undefined) return excess;
  return Buffer.byteLength(JSON.stringify(value) ?? '') > longest ? 'is larger than 10 MB' : undefined;
}

/** Anchors can make a short text enormous; nothing that people write comes near this size or depth. */
function excessIn(value: unknown): string | undefined {
  const rest: { readonly node: unknown; readonly depth: number }[] = [{ node: value, depth: 0 }];
  for (let count = 0; ; count++) {
    const next = rest.pop();
    if (next === undefined) return undefined;
    if (count > mostNodes) return 'expands to too much: anchors repeat each other';
    if (next.depth > deepest) return tooDeep;
    if (typeof next.node !== 'object' || next.node === null) continue;
    for (const child of Object.values(next.node)) rest.push({ node: child, depth: next.depth + 1 });
  }
}

function locateIn(document: Document.Parsed, path: Path, lines: LineCounter): Place | undefined {
  let node: unknown = document.contents;
  let offset = 0;
  let depth = 0;
  for (const step of path) {
    const found = stepInto(node, step, document);
    if (!found) break;
    [node, offset] = [found.node, found.offset];
    depth++;
  }
  // What is not even there as an object stands in the database, not in this text.
  if (depth < Math.min(2, path.length - 1)) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

type Found = { readonly node: unknown; readonly offset: number };

function stepInto(parent: unknown, step: string | number, document: Document): Found | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const item = typeof step === 'number' ? (node.items[step] as Node | undefined) : undefined;
    return item?.range ? { node: item, offset: item.range[0] } : undefined;
  }
  if (!isMap(node)) return undefined;
  for (const { key, value } of node.items) {
    if (isScalar(key) && String(key.value) === String(step) && key.range)
      return { node: value, offset: key.range[0] };
  }
  return undefined;
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
  const document = new Document(value, { aliasDuplicateObjects: false });
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
