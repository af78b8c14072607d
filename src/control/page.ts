/** The page at `/`: what answers here and the first three commands. The dashboard takes this place later. */
import { createHash } from 'node:crypto';
import { basePath, type ControlApp } from './api-operation.ts';

const style = `
:root { color-scheme: light dark; --ink: #16212b; --soft: #5a6a78; --ground: #f6f8f9; --card: #fff; --line: #dde4e9; --water: #0b72a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf2; --soft: #93a4b2; --ground: #0f161c; --card: #161f27; --line: #26323c; --water: #58b7e6; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 12vh 1.5rem 4rem; }
svg { display: block; color: var(--water); }
h1 { margin: 1rem 0 .25rem; font-size: 2.25rem; letter-spacing: -.02em; line-height: 1.15; }
h2 { margin: 2.5rem 0 .75rem; font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); }
p { margin: 0 0 1rem; }
.lead { font-size: 1.15rem; color: var(--soft); }
code { font: .92em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
ol { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
li { padding: .9rem 1.1rem; }
li + li { border-top: 1px solid var(--line); }
li code { display: block; overflow-x: auto; white-space: pre; color: var(--water); }
li span { font-size: .92rem; color: var(--soft); }
a { color: var(--water); text-underline-offset: .2em; }
nav a { margin-right: 1.5rem; }
`;

const policy = [
  "default-src 'self'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const steps = [
  [
    'npx spillway ask coder "hello"',
    'The preset coder answers; one line says which model served, and for how much.',
  ],
  [
    'npx spillway fault deepseek/deepseek-v4-pro 429',
    'Breaks its primary on the emulator. Ask again, and see the fallback and its price.',
  ],
  ['npx spillway fault --clear', 'Mends it. The next answer comes from the primary again.'],
] as const;

/** The page, for the address it was asked at. Pure. */
export function renderPage(origin: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spillway</title>
<style>${style}</style>
</head>
<body>
<main>
<svg width="56" height="40" viewBox="0 0 56 40" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" aria-hidden="true">
<path d="M2 6h18c8 0 8 12 16 12s8 12 18 12"/><path d="M2 15h12c7 0 7 12 15 12s7 10 25 10" opacity=".45"/>
</svg>
<h1>Spillway</h1>
<p class="lead">A gateway for language models. Applications name a preset; Spillway decides which model serves,
fails over when it cannot, and says so in every answer.</p>
<h2>Base URL</h2>
<p><code>${escapeHtml(origin)}/v1</code></p>
<p>Any OpenAI or OpenRouter client works here with an inference key and the model <code>@preset/coder</code>.</p>
<h2>See a failover</h2>
<ol>
${steps.map(([command, effect]) => `<li><code>${escapeHtml(command)}</code><span>${effect}</span></li>`).join('\n')}
</ol>
<h2>Further</h2>
<nav><a href="${basePath}/openapi.json">Control plane, as OpenAPI</a><a href="/healthz">Health</a></nav>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function mountPage(app: ControlApp): void {
  app.get('/', (context) =>
    context.html(renderPage(new URL(context.req.url).origin), 200, {
      'content-security-policy': policy,
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    }),
  );
}
