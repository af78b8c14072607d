/** What an administrator may do. Each role includes the ones before it. Pure. */

export const roles = ['viewer', 'editor', 'owner'] as const;

/**
 * A viewer sees everything but secrets; an editor changes the configuration and intervenes; only an owner makes
 * administrators, releases what a crash has counted, and lets the gateway reach private addresses.
 */
export type Role = (typeof roles)[number];

export function includes(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
