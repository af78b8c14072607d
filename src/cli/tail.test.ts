import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { capturedShell } from '../../test/support/captured-shell.ts';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { host, localKey, testControl } from '../../test/support/control-host.ts';
import { runCommand } from './main.ts';

function ids(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);
}

describe('tail', () => {
  test('begins with the last few, oldest first, then follows', async (t) => {
    const control = testControl();
    const server = await host(control.fetch);
    t.after(server.close);
    for (const id of ['gen-1', 'gen-2', 'gen-3']) control.generations.add(fallbackRecord({ id }));
    const shell = capturedShell({ env: { SPILLWAY_URL: server.url, SPILLWAY_ADMIN_KEY: localKey } });
    t.after(shell.end);
    const running = runCommand(['tail', '-n', '2', '--json'], shell);
    await shell.seen('gen-3');
    control.generations.add(fallbackRecord({ id: 'gen-4' }));
    await shell.seen('gen-4');
    assert.deepEqual(ids(shell.stdout()), ['gen-2', 'gen-3', 'gen-4']);
    shell.end();
    assert.equal(await running, 0);
  });

  test('survives a restart of the gateway, missing nothing and printing nothing twice', async (t) => {
    const control = testControl();
    const first = await host(control.fetch);
    t.after(first.close);
    control.generations.add(fallbackRecord({ id: 'gen-1' }));
    const shell = capturedShell({ env: { SPILLWAY_URL: first.url, SPILLWAY_ADMIN_KEY: localKey } });
    t.after(shell.end);
    const running = runCommand(['tail', '--json'], shell);
    await shell.seen('gen-1');
    await first.close();
    await shell.seen('trying again');
    control.generations.add(fallbackRecord({ id: 'gen-2' }));
    const second = await host(control.fetch, Number(new URL(first.url).port));
    t.after(second.close);
    await shell.seen('gen-2');
    control.generations.add(fallbackRecord({ id: 'gen-3' }));
    await shell.seen('gen-3');
    assert.deepEqual(ids(shell.stdout()), ['gen-1', 'gen-2', 'gen-3']);
    assert.match(shell.stderr(), /; trying again\n(.*\n)*connected again\n$/);
    shell.end();
    assert.equal(await running, 0);
  });

  test('a reader that leaves is forgotten by the gateway', async (t) => {
    const control = testControl();
    const server = await host(control.fetch);
    t.after(server.close);
    control.generations.add(fallbackRecord({ id: 'gen-1' }));
    const shell = capturedShell({ env: { SPILLWAY_URL: server.url, SPILLWAY_ADMIN_KEY: localKey } });
    t.after(shell.end);
    const running = runCommand(['tail'], shell);
    await shell.seen('FALLBACK');
    assert.equal(control.generations.followers(), 1);
    shell.end();
    await running;
    while (control.generations.followers() > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('does not begin where no gateway answers', async () => {
    const gone = await host(() => new Response());
    await gone.close();
    const shell = capturedShell({ env: { SPILLWAY_URL: gone.url } });
    assert.equal(await runCommand(['tail'], shell), 1);
    assert.match(shell.stderr(), /no gateway answers/);
  });
});
