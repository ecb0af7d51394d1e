import { hostConvoy } from 'openconvoy'
import { startSignaling } from 'openconvoy/signaling'

// A host that brings its own signaling service: friends in the same network need nothing else.
const signaling = await startSignaling({ host: process.argv[2] ?? '127.0.0.1' })
const convoy = await hostConvoy({ name: 'Ada', rendezvous: signaling.url })
console.log(convoy.invite)

process.once('SIGINT', () => void convoy.close().then(() => signaling.close()))
