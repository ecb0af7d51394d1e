export { Chat, type ReceivedText } from './chat.ts'
