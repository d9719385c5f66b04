/** A lazy door to the overlays download, for the panel's questions. */
export { Confirm as default } from '@/ui/overlays'
