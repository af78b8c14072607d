/** How many tokens an image may take: its size is read from the first bytes where the request carries it. */

/** The dearest image of nearly every catalogued model, in tokens; `core/token-bound.ts` knows those that take more. */
export const tokensPerImage = 5_000;

export type Size = { readonly width: number; readonly height: number };

/**
 * The most tokens that an image of this size takes at any vendor, never above `tokensPerImage`. Sources: OpenAI's and
 * Anthropic's vision guides, Google's guide to media tokens.
 */
export function imageTokens(size: Size | undefined): number {
  if (!size) return tokensPerImage;
  return Math.min(
    tokensPerImage,
    Math.ceil(Math.max(openaiTiles(size), openaiPatches(size), claudePixels(size), geminiTiles(size))),
  );
}

/** Fitted into 2,048 squared, then the short side to 768; 85 and 170 for each tile of 512 squared. */
function openaiTiles({ width, height }: Size): number {
  const fit = Math.min(1, 2_048 / Math.max(width, height));
  const scale = fit * Math.min(1, 768 / (Math.min(width, height) * fit));
  return 85 + 170 * Math.ceil((width * scale) / 512) * Math.ceil((height * scale) / 512);
}

/** Patches of 32 squared, at most 1,536 of them; the dearest multiplier (nano models) is 2.46. */
function openaiPatches({ width, height }: Size): number {
  return 2.46 * Math.min(1_536, Math.ceil(width / 32) * Math.ceil(height / 32));
}

/** A token for 750 pixels; the newest models scale down to 4,784 tokens, earlier ones to some 1,600. */
function claudePixels({ width, height }: Size): number {
  return Math.min(4_784, (width * height) / 750 + 1);
}

/** 258 for each tile, which is two thirds of the short side but at least 256 pixels; the newest take 1,120 for any. */
function geminiTiles({ width, height }: Size): number {
  const tile = Math.min(768, Math.max(256, Math.floor(Math.min(width, height) / 1.5)));
  return Math.max(1_120, 258 * Math.ceil(width / tile) * Math.ceil(height / tile));
}

/** Enough of a file to find the size, past the metadata that cameras write before it. */
const headBytes = 96 * 1_024;

/** The size of a PNG, GIF, WebP or JPEG given in base64; undefined = another format, or broken. */
export function sizeOf(base64: string): Size | undefined {
  const bytes = Buffer.from(base64.slice(0, Math.ceil((headBytes * 4) / 3)), 'base64');
  try {
    const size = png(bytes) ?? gif(bytes) ?? webp(bytes) ?? jpeg(bytes);
    return size && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    // The file is shorter than its header says.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function starts(bytes: Buffer, mark: string, at = 0): boolean {
  return bytes.toString('latin1', at, at + mark.length) === mark;
}

function png(bytes: Buffer): Size | undefined {
  if (!starts(bytes, '\x89PNG\r\n\x1a\n') || !starts(bytes, 'IHDR', 12)) return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function gif(bytes: Buffer): Size | undefined {
  if (!starts(bytes, 'GIF8')) return undefined;
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
}

function webp(bytes: Buffer): Size | undefined {
  if (!starts(bytes, 'RIFF') || !starts(bytes, 'WEBP', 8)) return undefined;
  if (starts(bytes, 'VP8X', 12))
    return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  if (starts(bytes, 'VP8L', 12)) {
    const bits = bytes.readUInt32LE(21);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (!starts(bytes, 'VP8 ', 12)) return undefined;
  return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
}

/** Walks the segments to the first that starts a frame: 0xC0 to 0xCF without the tables among them. */
function jpeg(bytes: Buffer): Size | undefined {
  if (!starts(bytes, '\xff\xd8')) return undefined;
  for (let at = 2; bytes.readUInt8(at) === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const kind = bytes.readUInt8(at + 1);
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind))
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
  }
  return undefined;
}
