export { isSameVote, openVote, signVote, type OpenedVote, type Vote } from '../../identity/index.ts'
