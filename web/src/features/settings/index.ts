export { AccountNotices } from './account-notices'
export { Arrived } from './arrived'
export { MeBar } from './me-bar'
