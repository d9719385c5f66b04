export { RoomHeader } from './room-header'
export { RoomPanel } from './room-panel'
export { RoomPreview } from './room-preview'
export { Sidebar } from './sidebar'
