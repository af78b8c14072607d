/** Rules as requests use them: lists where one or several may be written, times in minutes of the day. */
import { weekDays, type BackgroundBody, type RouteRuleBody, type RouteWhenBody } from './document-route.ts';
import { present } from './present.ts';
import type { Background, RouteRule, RouteTime, RouteWhen } from './snapshot.ts';

export function ruleFrom({ when, preset }: RouteRuleBody): RouteRule {
  return { when: when === undefined ? {} : whenFrom(when), preset };
}

export function backgroundFrom(body: BackgroundBody): Background {
  return typeof body === 'string' ? { preset: body } : present({ preset: body.preset, kinds: body.kinds });
}

function whenFrom({ time, header, background, ...when }: RouteWhenBody): RouteWhen {
  const { prompt_tokens: tokens, tools } = when;
  return present({
    task: listed(when.task),
    tools: typeof tools === 'boolean' ? tools : listed(tools),
    promptTokens: tokens && present({ gt: tokens.gt, gte: tokens.gte, lt: tokens.lt, lte: tokens.lte }),
    modality: listed(when.modality),
    model: listed(when.model),
    header:
      header &&
      new Map(Object.entries(header).map(([name, value]) => [name.toLowerCase(), listed(value) ?? []])),
    user: listed(when.user),
    time: time && timeFrom(time),
    background: typeof background === 'boolean' ? background : listed(background),
  });
}

function timeFrom({ from, to, days }: NonNullable<RouteWhenBody['time']>): RouteTime {
  return present({
    from: minutesOf(from ?? '00:00'),
    to: minutesOf(to ?? '24:00'),
    days: days === undefined ? undefined : new Set([days].flat().map((day) => weekDays.indexOf(day))),
  });
}

/** `06:30` → 390. */
function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

function listed<T extends string>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return value === undefined || typeof value !== 'string' ? value : [value];
}
