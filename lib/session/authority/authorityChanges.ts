export { electedSchema, voteBytes, votersSchema } from '../../identity/index.ts'
