const key = (userId: number): string => `parley:last-room:${userId}`

export function rememberRoom(userId: number, roomId: number): void {
  try {
    localStorage.setItem(key(userId), String(roomId))
  } catch {
    // Without storage the client opens on the list.
  }
}

export function lastRoom(userId: number): number | undefined {
  try {
    return Number(localStorage.getItem(key(userId))) || undefined
  } catch {
    return undefined
  }
}
