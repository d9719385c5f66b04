export { editLastOwn } from './editing-store'
export { Transcript } from './transcript'
export { TypingLine } from './typing-line'
