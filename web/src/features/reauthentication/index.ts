export { Reauthenticate } from './reauthenticate'
