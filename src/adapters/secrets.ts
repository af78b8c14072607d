/** Keeps secrets: encrypts them at rest, hashes keys, and reads `env:` and `file:` references. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newAdminKey } from './credentials.ts';
import { sealedPrefix } from '../core/secret-text.ts';
import type { Vault } from '../core/settings-store.ts';
import { DataRefused } from './database.ts';

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM with keys derived from `secret` (at least 16 bytes). The nonce is an HMAC of place and text, so that
 * sealing again gives the same text: nothing looks changed that is not, and no nonce ever serves two texts.
 */
export function createVault(secret: Uint8Array): Vault {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'spillway', purpose, 32));
  const key = derive('seal');
  const nonceKey = derive('nonce');
  return {
    seal(context, text) {
      const iv = createHmac('sha256', nonceKey).update(`${context}\0${text}`).digest().subarray(0, ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return sealedPrefix + sealed.toString('base64url');
    },
    open(context, sealed) {
      const bytes = Buffer.from(sealed.slice(sealedPrefix.length), 'base64url');
      if (bytes.length < ivBytes + tagBytes) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes));
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-tagBytes));
      try {
        return (
          decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch {
        return undefined;
      }
    },
    hash: hashKey,
    newKey: () => `sk-${randomBytes(32).toString('base64url')}`,
    newAdminKey,
  };
}

/** SHA-256 in hex: how keys are kept and looked up. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The bytes that secrets are sealed with: those given, else those in the data directory, made there once. */
export function loadSecret(directory: string, given: string | undefined): Uint8Array {
  if (given !== undefined && given.length < 16)
    throw new DataRefused(
      'SPILLWAY_SECRET must have at least 16 characters: make one with `openssl rand -hex 32`.',
    );
  if (given !== undefined) return Buffer.from(given);
  const file = join(directory, 'secret');
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
  return Buffer.from(readFileSync(file, 'utf8').trim());
}

const longestSecret = 65_536;

/** Resolves `env:NAME` from `env`, and `file:PATH` (without its last line break) relative to `directory`. */
export function createResolver(
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
): (reference: string) => string | undefined {
  return (reference) => {
    if (reference.startsWith('env:')) return env[reference.slice('env:'.length)] || undefined;
    return readSecretFile(resolve(directory, reference.slice('file:'.length)));
  };
}

function readSecretFile(path: string): string | undefined {
  try {
    if (!statSync(path).isFile() || statSync(path).size > longestSecret) return undefined;
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch {
    return undefined;
  }
}
