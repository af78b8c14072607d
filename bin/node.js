// Runs a script or an option of Node with the Node that this repository brings, wherever npm has linked it or not.
// Plain JavaScript that an old Node can parse, as bin/spillway.js is.
import { findBundledNode, isRecent, runAgain, tooOld } from './bundled-node.js';

const args = process.argv.slice(2);
if (isRecent(process.versions.node)) runAgain(process.execPath, args);
else {
  const node = findBundledNode();
  if (node) runAgain(node, args);
  else tooOld();
}
