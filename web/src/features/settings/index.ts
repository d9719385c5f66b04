export { MeBar } from './me-bar'
