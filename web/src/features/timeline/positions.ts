import type { VirtualItem } from '@tanstack/react-virtual'

interface Position {
  /** The row at the top of the view and how far it is scrolled past, or nothing when the reader was at the end. */
  top: { key: string; offset: number } | undefined
  sizes: VirtualItem[]
}

const maxRooms = 30
const positions = new Map<number, Position>()

/** Where each room was left, and how tall its rows were, so that coming back shows the same lines at once. */
export function savePosition(roomId: number, position: Position): void {
  positions.delete(roomId)
  positions.set(roomId, position)
  if (positions.size > maxRooms) positions.delete(positions.keys().next().value!)
}

export const positionOf = (roomId: number): Position | undefined => positions.get(roomId)
