// @ts-check
import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import tsdoc from 'eslint-plugin-tsdoc'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { importDirection } from './scripts/lint/importDirection.ts'
import {
  ambientGlobalsRule,
  ambientImportsRule,
  ambientPropertiesRule,
  ambientSyntaxRule,
  deterministicMathRule,
} from './scripts/lint/restrictions.ts'

const published = ['lib/**/*.ts', 'signaling/**/*.ts']
const programs = ['lib/cli/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts']

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'docs/api/', '.cache/', 'temp/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc, openconvoy: { rules: { 'import-direction': importDirection } } },
    rules: {
      'openconvoy/import-direction': 'error',
      'tsdoc/syntax': 'error',
      // Bytes and counts read best as they are: `${count} bytes`.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => send(x)` and `return reject(error)` say what they do; that they return nothing is beside the point.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Hot paths tell the compiler what an index check already told the reader; `!` stays forbidden.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions'] }],
      // What was caught is passed on as it came.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // An interface can't be a `Record<string, unknown>`, which maps of events must be.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // Async to the outside, whether or not today's body waits for something.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    name: 'openconvoy/published',
    files: published,
    rules: {
      // A file that needs more than this holds more than one concept.
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
    },
  },
  {
    name: 'openconvoy/no-ambient-clock',
    files: published,
    // Where time and chance enter, and the engines, whose quirks need timers of their own.
    ignores: ['lib/core/**', 'lib/rtc/engines/**'],
    rules: {
      'no-restricted-globals': ['error', ...ambientGlobalsRule],
      'no-restricted-properties': ['error', ...ambientPropertiesRule],
      'no-restricted-syntax': ['error', ...ambientSyntaxRule],
      'no-restricted-imports': ['error', ambientImportsRule],
    },
  },
  {
    name: 'openconvoy/deterministic-math',
    files: ['lib/vehicle/prediction.ts', 'lib/vehicle/deterministicMath.ts'],
    rules: { 'no-restricted-syntax': ['error', ...ambientSyntaxRule, ...deterministicMathRule] },
  },
  {
    name: 'openconvoy/programs',
    files: programs,
    rules: { 'no-console': 'off' },
  },
  {
    name: 'openconvoy/tests',
    files: ['test/**/*.ts'],
    rules: {
      // Tests hand in what the types forbid, and read what they have just put there.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  prettier,
)
