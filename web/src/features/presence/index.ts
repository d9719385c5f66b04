export { Face } from './face'
