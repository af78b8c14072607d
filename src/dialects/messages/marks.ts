/** Cache marks of a request to Anthropic, which refuses more than four. Pure. */
import { asObject } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

const mostMarks = 4;

/** The request with the last four marks, which reach farthest; in the order of Anthropic's cache: tools, system, messages. */
export function withFewMarks(body: JsonObject, warnings: string[]): JsonObject {
  let surplus = -mostMarks;
  const count = (block: JsonObject): JsonObject => {
    if ('cache_control' in block) surplus++;
    return block;
  };
  throughBlocks(body, count);
  if (surplus <= 0) return body;
  warnings.push('more than four cache marks were given; the last four were sent');
  return throughBlocks(body, (block) => {
    if (!('cache_control' in block) || surplus === 0) return block;
    surplus--;
    const { cache_control: _mark, ...rest } = block;
    return rest;
  });
}

type Change = (block: JsonObject) => JsonObject;

/** Every block that may have a mark, those inside of results too. */
function throughBlocks({ tools, system, messages, ...rest }: JsonObject, change: Change): JsonObject {
  return {
    ...rest,
    ...(tools === undefined ? {} : { tools: each(tools, change) }),
    ...(system === undefined ? {} : { system: each(system, change) }),
    messages: each(messages, (message) => ({ ...message, content: each(message['content'], change) })),
  };
}

function each(list: JsonValue | undefined, change: Change): JsonValue {
  const blocks = Array.isArray(list) ? (list as readonly JsonValue[]).map(asObject) : [];
  return blocks.map((block) =>
    change(
      block['type'] === 'tool_result' && block['content'] !== undefined
        ? { ...block, content: each(block['content'], change) }
        : block,
    ),
  );
}
