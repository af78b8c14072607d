/** The demo tour, as the banner prints it: answer, break, fallback with its price, repair. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from './support/gateway.ts';
import { runCli, spawnGateway } from './support/process.ts';

test('the path that the banner prints works as printed', async (t) => {
  const dataDir = temporaryFolder(t);
  const gateway = await spawnGateway(t, {
    dataDir,
    env: { DEEPSEEK_API_KEY: 'a-real-looking-key-123', ANTHROPIC_API_KEY: 'another-real-looking-key' },
  });
  const banner = gateway.output();
  assert.match(banner, /base URL +http:\/\/127\.0\.0\.1:\d+\/v1/);
  const inferenceKey = /\bsk-[\w-]{32,}/.exec(banner)?.[0] ?? '';
  assert.match(banner, /\bspw-[\w-]{32,}/);
  const commands = [...banner.matchAll(/^ +npx spillway (.*?) +# /gm)].map(
    (match) => (match[1] ?? '').match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [],
  );
  assert.equal(commands.length, 4, banner);
  const env = { SPILLWAY_DATA_DIR: dataDir };
  const outputs: string[] = [];
  for (const command of [...commands, commands[0] ?? []]) {
    const { code, out, err } = await runCli(command, env);
    assert.equal(code, 0, `${command.join(' ')}: ${err}`);
    outputs.push(out);
  }
  const [first = '', , broken = '', , repaired = ''] = outputs;
  assert.match(
    first,
    /hello[\s\S]*\nposition 0 primary · deepseek\/deepseek-v4-pro @ emulator-deepseek · \$0\.\d+ · /,
  );
  assert.match(
    broken,
    /\nposition 1 FALLBACK · anthropic\/claude-haiku-4\.5 @ emulator-anthropic · \$0\.\d+ · [\d.]+x the primary · .*because deepseek\/deepseek-v4-pro@emulator-deepseek: rate_limit/,
  );
  assert.match(repaired, /\nposition 0 primary · /);
  const models = (await (
    await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${inferenceKey}` } })
  ).json()) as { data: { id: string }[] };
  assert.deepEqual(
    models.data.slice(0, 2).map(({ id }) => id),
    ['@preset/coder', '@preset/live'],
  );

  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0);
  const again = await spawnGateway(t, { dataDir });
  assert.ok(again.output().includes(inferenceKey), 'a later start prints the same key');
});

test('check, explain and init work without a server', async (t) => {
  const folder = temporaryFolder(t);
  const file = `${folder}/spillway.yaml`;
  const env = { SPILLWAY_DATA_DIR: folder };
  assert.equal((await runCli(['init', '-f', file], env)).code, 0);
  assert.equal((await runCli(['check', '-f', file], env)).code, 0);
  const { code, out } = await runCli(['explain', 'coder', '-f', file, '--tokens', '250000'], env);
  assert.equal(code, 0);
  assert.match(out, /deepseek\/deepseek-v4-pro[\s\S]*claude-sonnet-4\.6[\s\S]*claude-haiku-4\.5.*context/);
});

test('a demo that was given a configuration of its own keeps it, and a key that is gone is not printed', async (t) => {
  const dataDir = temporaryFolder(t);
  const env = { SPILLWAY_DATA_DIR: dataDir };
  const gateway = await spawnGateway(t, { dataDir });
  const own = (await runCli(['export'], env)).out
    .replace('description: "The demo', 'description: "Mine, once the demo')
    .replace('description: The demo', 'description: Mine, once the demo');
  writeFileSync(`${dataDir}/mine.yaml`, own);
  assert.equal((await runCli(['apply', '-f', `${dataDir}/mine.yaml`, '-m', 'mine'], env)).code, 0);
  const key = /\bsk-[\w-]{32,}/.exec(gateway.output())?.[0] ?? '';
  assert.equal((await runCli(['keys', 'remove', 'demo'], env)).code, 0);
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  const again = await spawnGateway(t, { dataDir });
  assert.match((await runCli(['export'], env)).out, /Mine, once the demo/);
  assert.equal(again.output().includes(key), false);
});
