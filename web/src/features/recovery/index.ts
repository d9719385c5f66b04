export { RecoveryPages as default } from './recovery-pages'
