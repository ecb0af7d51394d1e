// What parts of the code may not use, as options of ESLint's own no-restricted-… rules.

const takeClock = 'Take a Clock (lib/core/clock.ts): the same code runs on simulated time.'
const takeRandom = 'Take a RandomSource (lib/core/random.ts): a seed must reproduce any run.'
const ambient = { timers: ['setTimeout', 'setInterval'], frames: ['requestAnimationFrame'] }
const ambientGlobals = [...ambient.timers, ...ambient.frames]

/** Keeps ambient time and chance out: `no-restricted-globals`. */
export const ambientGlobalsRule = ambientGlobals.map((name) => ({ name, message: takeClock }))

/** Keeps ambient time and chance out: `no-restricted-properties`. */
export const ambientPropertiesRule = [
  { object: 'Date', property: 'now', message: takeClock },
  { object: 'performance', property: 'now', message: takeClock },
  { object: 'AbortSignal', property: 'timeout', message: takeClock },
  { object: 'Math', property: 'random', message: takeRandom },
  { object: 'crypto', property: 'getRandomValues', message: takeRandom },
  { object: 'crypto', property: 'randomUUID', message: takeRandom },
  ...['globalThis', 'window', 'self'].flatMap((object) =>
    ambientGlobals.map((property) => ({ object, property, message: takeClock })),
  ),
]

/** Keeps ambient time and chance out: `no-restricted-syntax`. */
export const ambientSyntaxRule = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: takeClock },
  { selector: 'CallExpression[callee.name="Date"]', message: takeClock },
]

/** Keeps ambient time and chance out: `no-restricted-imports`. */
export const ambientImportsRule = {
  paths: [
    ...['node:timers', 'node:timers/promises', 'timers', 'timers/promises'].map((name) => ({
      name,
      message: takeClock,
    })),
    {
      name: 'node:crypto',
      importNames: ['randomBytes', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues'],
      message: takeRandom,
    },
  ],
}

/** What ECMAScript requires to be exact, and hence equal in every engine. */
const exactMath = ['abs', 'ceil', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc']
/** Constants, written out in the standard to the last bit. */
const mathConstants = ['PI', 'SQRT2', 'SQRT1_2', 'E', 'LN2', 'LN10', 'LOG2E', 'LOG10E']
const bitExact =
  'Sender and receiver must predict the same bits in every JavaScript engine: only + − × ÷ √ and integers.'

/** Keeps arithmetic the same in every engine: `no-restricted-syntax`. */
export const deterministicMathRule = [
  {
    selector: `MemberExpression[object.name="Math"]:not([property.name=/^(${[...exactMath, ...mathConstants].join('|')})$/])`,
    message: bitExact,
  },
  { selector: 'VariableDeclarator[init.name="Math"]', message: bitExact },
  { selector: 'BinaryExpression[operator="**"]', message: bitExact },
  { selector: 'AssignmentExpression[operator="**="]', message: bitExact },
]
