/** Dialogs and menus. Import this only from modules that are themselves loaded lazily: it is the whole overlays download. */
export { Confirm } from './confirm'
export { Dialog } from './dialog'
export { Menu, MenuChoice, MenuItem, MenuLine } from './menu'
