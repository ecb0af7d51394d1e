import { posix } from 'node:path'
import type { Rule } from 'eslint'
import { isInside, layerOf, mayImport, typesOnly } from './layers.ts'

/** The package's own entry points, by which examples import it. */
const publicFaces: Readonly<Record<string, string>> = {
  openconvoy: 'lib/index.ts',
  'openconvoy/testing': 'lib/testing/index.ts',
  'openconvoy/store': 'lib/store/index.ts',
  'openconvoy/libp2p': 'lib/rendezvous/libp2p/index.ts',
  'openconvoy/signaling': 'signaling/index.ts',
}

/**
 * Holds the direction of imports that docs/architecture.md describes: a layer imports from layers to its left
 * only, and another folder through its `index.ts` only.
 */
export const importDirection: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Imports point to the left, and into other folders through their index.ts.' },
    messages: {
      direction: '{{from}} may not import {{to}}: imports point to the left only, see docs/architecture.md.',
      typesOnly: '{{from}} knows {{to}} by its interfaces only: use `import type`.',
      throughIndex: 'Import another folder through its index.ts.',
      ownIndex: 'A file imports its own folder’s files directly: through index.ts it would import itself.',
    },
    schema: [],
  },
  create(context) {
    const file = posix.relative(toPosix(context.cwd), toPosix(context.filename))
    const from = layerOf(file)
    if (from === undefined) return {}

    const check = (node: Rule.Node, specifier: unknown, isTypeOnly: boolean): void => {
      const target = typeof specifier === 'string' ? targetOf(specifier, file) : undefined
      if (target === undefined) return
      const to = layerOf(target)
      if (to === undefined) return
      if (to.name === from.name) {
        if (from.folder !== undefined && target === `${from.folder}/index.ts` && file !== target) {
          context.report({ node, messageId: 'ownIndex' })
        }
        return
      }
      const data = { from: from.name, to: to.name }
      if (!mayImport(from.name, to.name)) context.report({ node, messageId: 'direction', data })
      else if (!isTypeOnly && typesOnly(from.name, to.name)) {
        context.report({ node, messageId: 'typesOnly', data })
      } else if (isInside(from.name, to.name)) {
        return
      } else if (to.folder !== undefined && target !== `${to.folder}/index.ts`) {
        context.report({ node, messageId: 'throughIndex' })
      }
    }

    return {
      ImportDeclaration: (node) => check(node, node.source.value, kindOf(node, 'importKind') === 'type'),
      ExportNamedDeclaration: (node) =>
        check(node, node.source?.value, kindOf(node, 'exportKind') === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source.value, kindOf(node, 'exportKind') === 'type'),
      ImportExpression: (node) =>
        check(node, node.source.type === 'Literal' ? node.source.value : undefined, false),
    }
  },
}

/** What an import leads to, from the repository's root; undefined for packages of others. */
function targetOf(specifier: string, file: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier)
  return publicFaces[specifier]
}

/** typescript-eslint's parser adds these; the types of ESLint itself know nothing of them. */
function kindOf(node: object, key: 'importKind' | 'exportKind'): unknown {
  return Reflect.get(node, key)
}

function toPosix(path: string): string {
  return path.replaceAll('\\', '/')
}
