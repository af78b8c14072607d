/** `claude-*`: names with `*` for any text, compared without regard to case. */

/** Whether the whole text is what the pattern says. Linear but for stars, and never a regular expression of a user's. */
export function globFits(pattern: string, text: string): boolean {
  const [want, given] = [pattern.toLowerCase(), text.toLowerCase()];
  const [head = '', ...rest] = want.split('*');
  if (rest.length === 0) return want === given;
  if (!given.startsWith(head)) return false;
  const tail = rest.pop() ?? '';
  let at = head.length;
  for (const piece of rest) {
    const found = given.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return given.length - tail.length >= at && given.endsWith(tail);
}

export function anyFits(patterns: readonly string[], text: string | undefined): boolean {
  return text !== undefined && patterns.some((pattern) => globFits(pattern, text));
}
