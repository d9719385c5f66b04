export { AccountNotices } from './account-notices'
export { MeBar } from './me-bar'
