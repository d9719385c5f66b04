const from = (agent: string, place: string): string => (place ? `${agent}, from ${place}` : agent)
export const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many)

/** Every word the interface says, in English. Another language is another object of this type. */
export const en = {
  locale: 'en-GB',
  appName: 'Parley',
  title: (unread: number) => (unread > 0 ? `(${unread}) Parley` : 'Parley'),
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  tryAgain: 'Try again',
  loading: 'Loading',
  notReachable: "Can't reach the server. Check your connection and try again.",

  auth: {
    signInTitle: 'Pick up the conversation.',
    signInLead: 'Sign in to Parley.',
    signUpTitle: 'Take a seat at the table.',
    signUpLead: 'Create your account. It takes a moment.',
    expired: 'Your session ended. Sign in again; your drafts are safe.',
    username: 'Username',
    usernameHint: '3 to 32 letters, digits, dots or dashes',
    displayName: 'Display name',
    displayNameHint: 'How others see you. Your username if left empty.',
    password: 'Password',
    passwordHint: 'At least 10 characters',
    showPassword: 'Show password',
    hidePassword: 'Hide password',
    signIn: 'Sign in',
    signingIn: 'Signing in…',
    createAccount: 'Create account',
    creatingAccount: 'Creating account…',
    or: 'or',
    toSignUp: 'Create an account',
    toSignIn: 'Sign in instead',
    inviteOnly: 'No account yet? This server takes new people by invitation: open the invite link that somebody here gave you.',
    setupNeeded: 'Nobody has an account here yet. Whoever runs this server opens the setup link that it printed when it started.',
    firstTitle: 'This server is yours.',
    firstLead: 'Make the first account. It owns the server, and can invite the others.',
    inviteTitle: 'You are invited.',
    inviteAsking: 'Looking at your invite…',
    invited: (invite: { role: string; invited_by?: string; room?: string }) => invitedLine(invite),
    inviteOver: 'This invite is over.',
    inviteProblems: {
      invite_expired: 'It has expired. Ask whoever gave it to you for a new one.',
      invite_spent: 'It has been used as often as it may be. Ask whoever gave it to you for a new one.',
      invite_revoked: 'It was taken back. Ask whoever gave it to you for a new one.',
      invite_not_found: 'There is no such invite. Check that the link is whole.',
      sign_up_closed: 'This server takes no new accounts. The people who run it can help.',
    } as Readonly<Record<string, string>>,
    closed: 'This server takes no new accounts. The people who run it can help.',
    note: 'Messages stay on this server, with the people who run it.',
    secondStepOver: 'That took too long, or too many tries. Sign in again.',
    wrongPair: "That username and password don't match. Check both and try again.",
    unreachableTitle: 'The server is not answering.',
    unreachable: "We'll keep trying. Nothing you wrote is lost.",
  },
  recovery: {
    forgot: 'Forgot your password?',
    forgotTitle: 'It happens to everyone.',
    forgotLead: 'Say who you are, and a link to a new password comes by mail.',
    login: 'Username or e-mail address',
    send: 'Send the link',
    sending: 'Sending…',
    sentTitle: 'Look in your mailbox.',
    sentLead: 'If there is such an account, and its address is confirmed, a link is on its way. It works once, for 30 minutes.',
    sentHint:
      'Nothing came? Look among the spam. An account without a confirmed address gets no mail: the people who run this server can help.',
    again: 'Try another name',
    offTitle: 'This server sends no mail.',
    offLead: 'So it cannot send you a link. The people who run this server can give you a new password.',
    resetTitle: 'Choose a new password.',
    resetLead: 'Every device is signed out, and then you sign in with it.',
    save: 'Save the password',
    saving: 'Saving…',
    doneTitle: 'Your password is changed.',
    doneLead: 'Every device was signed out. Sign in with the new one.',
    verifyTitle: 'Is this your address?',
    verifyLead: 'Confirm it, and a forgotten password is no drama any more.',
    verify: 'Confirm the address',
    verifying: 'Confirming…',
    verifiedTitle: 'Your address is confirmed.',
    verifiedLead: 'If you ever forget your password, this is where the link goes.',
    overTitle: 'This link does not work any more.',
    overReset: 'It was used, is older than 30 minutes, or a newer one was sent. Ask for another.',
    overVerify: 'It was used, is older than a day, or a newer one was sent. In your account you can have it sent again.',
    taken: 'This address has become the one of another account. In your account you can give a different one.',
    toSignIn: 'Sign in',
    toApp: 'Open Parley',
    askAgain: 'Ask for another link',
  },
  email: {
    title: 'E-mail address',
    none: 'You have none. With one, you can get a new password if you forget yours.',
    confirmed: 'Confirmed',
    pending: 'Waits to be confirmed. Look in its mailbox.',
    resend: 'Send the link again',
    resent: 'Sent. The links before it work no more.',
    add: 'Add an address',
    change: 'Change the address',
    address: 'New address',
    addressHint: 'A link is sent there. It counts once you have followed it.',
    save: 'Send the link',
    remove: 'Remove',
    removeTitle: 'Remove your e-mail address?',
    removeHint: 'Without one, nobody can send you a way to a new password if you forget yours. The address is told.',
    removed: 'Your account has no e-mail address any more.',
    field: 'E-mail address',
    optional: 'Optional. Where a new password comes from if you forget yours. Others never see it.',
    removedBy: (agent: string, place: string) =>
      `Your e-mail address was removed: ${from(agent, place)}. If this was not you, change your password.`,
    changedBy: (agent: string, place: string) => `Your e-mail address is being changed: ${agent}${place ? `, from ${place}` : ''}.`,
    resetBy: (agent: string, place: string) =>
      `Your password was changed with a link sent to your mailbox: ${agent}${place ? `, from ${place}` : ''}.`,
  },
  providers: {
    continue: 'Continue with',
    provider: 'the provider',
    title: 'Connected accounts',
    notConnected: 'Not connected',
    connectedAs: (label: string, when: string) => (label ? `${label}, last used ${when}` : `Last used ${when}`),
    connect: 'Connect',
    connectTo: (name: string) => `Connect ${name}`,
    disconnect: 'Disconnect',
    disconnectFrom: (name: string) => `Disconnect ${name}`,
    only: 'Your only way in',
    goBack: 'Thank you. You can close this window and go back to the other one.',
    unknown: 'A provider that is no longer offered',
    connected: (name: string) => `Connected. You can sign in with ${name} from now on.`,
    linkedBy: (agent: string, place: string) =>
      `Another account can now sign in as you: ${agent}${place ? `, from ${place}` : ''}. Look at your connected accounts.`,
    unlinkedBy: (agent: string, place: string) => `A connected account signs you in no longer: ${agent}${place ? `, from ${place}` : ''}.`,
    problem: (code: string, name: string) => {
      switch (code) {
        case 'provider_denied':
          return `You were not signed in by ${name}. Try again, or use another way.`
        case 'provider_unavailable':
          return `There is no answer from ${name}. Try again in a moment.`
        case 'provider_failed':
          return `Signing in through ${name} failed. Try again; if it stays like this, tell the people who run this server.`
        case 'identity_not_yours':
          return `That account at ${name} is not connected to yours here. Sign in there as yourself.`
        case 'provider_not_fresh':
          return `${name} does not say that you signed in just now. Sign out here and in again instead.`
        case 'flow_over':
          return 'That sign-in took too long or was begun in another window. Start again.'
        case 'sign_up_closed':
          return 'This server takes no new accounts. The people who run it can help.'
        case 'invite_needed':
          return 'You have no account here yet, and new ones need an invitation.'
        case 'setup_link_needed':
          return 'This server is new. Whoever runs it makes the first account, with the link in its log.'
        case 'account_deactivated':
          return 'Your account here is deactivated. The people who run this server can help.'
        case 'identity_taken':
          return `That account at ${name} belongs to somebody else here.`
        case 'already_connected':
          return `You are connected with another account at ${name}. Disconnect it first.`
        case 'session_over':
          return 'Your session ended meanwhile. Sign in and try again.'
        case 'rate_limited':
          return 'That was too often. Wait a few minutes and try again.'
        default:
          return `Signing in through ${name} failed. Try again.`
      }
    },
  },
  overheard: [
    { who: 'Theo', said: 'Did it ship?', soft: false },
    { who: 'Maya', said: 'It shipped at ten past nine, and nobody noticed.', soft: false },
    { who: 'Theo', said: 'Perfect.', soft: true },
  ],

  rooms: {
    nav: 'Rooms',
    sidebar: 'Sidebar',
    create: 'Create room',
    browse: 'Browse rooms',
    find: 'Jump to a room',
    none: 'No rooms yet.',
    noneHint: 'Browse what is here, or start one of your own.',
    listFailed: "Couldn't load your rooms.",
    unread: (count: number) => `${count} unread`,
    draft: 'Draft',
    private: 'Private room',
    chooseTitle: 'Choose a room',
    choose: 'Your rooms are on the left. Nothing new? Enjoy the quiet.',
    missingTitle: 'This room is not here.',
    missing: "It doesn't exist, or you are not in it.",
    joinTitle: (name: string) => `You are not in #${name} yet.`,
    join: 'Join',
    joining: 'Joining…',
    joined: 'Joined',
    open: 'Open',
    back: 'Back to rooms',
    details: 'Room details',
    members: (count: number) => `${count} ${plural(count, 'member', 'members')}`,
    membersWord: (count: number) => plural(count, 'member', 'members'),
    membersTitle: 'Members',
    membersFailed: "Couldn't load the members.",
    more: 'Show more',
    owner: 'Owner',
    you: 'You',
    about: 'About',
    noTopic: 'No topic yet.',
    createdBy: (who: string, when: string) => `Created by ${who} on ${when}`,
    rename: 'Edit name and topic',
    name: 'Name',
    topic: 'Topic',
    topicHint: 'What this room is for',
    addTitle: 'Add someone',
    addPlaceholder: 'Username',
    add: 'Add',
    added: (name: string) => `${name} is in.`,
    remove: (name: string) => `Remove ${name}`,
    removeTitle: (name: string) => `Remove ${name} from this room?`,
    removeHint: 'They stop receiving its messages at once.',
    removeGo: 'Remove',
    leave: 'Leave room',
    leaveTitle: (name: string) => `Leave #${name}?`,
    leaveHintPublic: 'You can come back whenever you like.',
    leaveHintPrivate: 'Somebody inside has to add you before you can come back.',
    leaveGo: 'Leave',
    createTitle: 'Create a room',
    createGo: 'Create',
    creating: 'Creating…',
    kind: 'Who can join',
    public: 'Public',
    publicHint: 'Anyone on this server can find it and join.',
    privateKind: 'Private',
    privateHint: 'Only people who are added can see it.',
    browseTitle: 'Browse rooms',
    browseSearch: 'Search rooms',
    browseNone: 'No public rooms yet. Be the first to start one.',
    browseNoMatch: (query: string) => `Nothing is called “${query}”.`,
    browseFailed: "Couldn't load the rooms.",
  },

  timeline: {
    label: (room: string) => `Messages in ${room}`,
    newSince: (time: string) => `New since ${time}`,
    newCount: (count: number) => `${count} new`,
    jump: 'Jump to latest',
    edited: '(edited)',
    editedAt: (when: string) => `Edited ${when}`,
    deleted: 'This message was deleted.',
    sending: 'Sending…',
    waiting: 'Waiting for connection',
    slowDown: (seconds: number) => `That was fast. Sending again in ${seconds} s`,
    failed: (reason: string) => `Couldn't send: ${lowerFirst(reason)}`,
    retry: 'Retry',
    discard: 'Delete',
    editMessage: 'Edit message',
    deleteMessage: 'Delete message',
    copyMessage: 'Copy text',
    actions: 'Message actions',
    deleteTitle: 'Delete this message?',
    deleteHint: 'Everyone sees that a message was here, but not what it said.',
    deleteGo: 'Delete',
    editHint: 'Esc to cancel, Enter to save',
    editFailed: (reason: string) => `Couldn't save your edit: ${lowerFirst(reason)}`,
    deleteFailed: (reason: string) => `Couldn't delete the message: ${lowerFirst(reason)}`,
    originTitle: (room: string) => `#${room}`,
    origin: (who: string, when: string) => `${who} started this room on ${when}.`,
    originEmpty: 'Say the first word.',
    older: 'Loading earlier messages',
    gap: (count: number) => `${count} ${plural(count, 'message', 'messages')} in between`,
    catchingUp: 'Catching up…',
    catchUpFailed: "Some messages haven't arrived yet.",
    failedTitle: "Couldn't load this room.",
    someone: 'Someone',
    unknownUser: 'Unknown person',
    copyCode: 'Copy code',
    copied: 'Copied',
    code: (language: string) => (language ? `Code, ${language}` : 'Code'),
    announce: (who: string, text: string) => `${who}: ${text}`,
    announceMany: (count: number) => `${count} new messages`,
    typing: (names: readonly string[], more: number) => typingLine(names, more),
  },

  composer: {
    label: (room: string) => `Message #${room}`,
    send: 'Send',
    hintSend: 'Enter',
    hintSendDo: 'to send',
    hintLine: 'Shift Enter',
    hintLineDo: 'for a new line',
    left: (count: number) => `${count} left`,
    over: (count: number) => `${count} over the limit`,
  },

  presence: {
    online: 'online',
  },

  connection: {
    refused: 'Parley is open in too many places. Close it somewhere else to get new messages here.',
    replaced: 'Parley is open in too many places, so it is paused here.',
    useHere: 'Use it here',
    hasty: 'Too much was sent from your account at once. New messages pause here for a minute.',
    reconnecting: (waiting: number) =>
      waiting > 0 ? `Reconnecting… ${waiting} ${plural(waiting, 'message', 'messages')} waiting to send` : 'Reconnecting…',
  },

  user: {
    menu: 'Your menu',
    theme: 'Theme',
    light: 'Light',
    dark: 'Dark',
    system: 'System',
    signOut: 'Sign out',
    signOutTitle: 'Sign out now?',
    signOutUnsent: (count: number) =>
      `${count} ${plural(count, 'message has', 'messages have')} not been sent yet. Signing out removes ${plural(count, 'it', 'them')} from this device.`,
  },

  account: {
    title: 'Your account',
    devices: 'Where you are signed in',
    thisDevice: 'This device',
    lastUsed: (when: string, place: string) => (place ? `Last used ${when}, from ${place}` : `Last used ${when}`),
    endOne: (agent: string) => `Sign out ${agent}`,
    endOthers: 'Sign out other devices',
    endAll: 'Sign out everywhere',
    password: 'Password',
    current: 'Current password',
    next: 'New password',
    nextHint: 'At least 10 characters. Other devices are signed out.',
    change: 'Change password',
    set: 'Set password',
    changed: 'Your password is changed, and other devices are signed out.',
    look: 'See devices',
    dismiss: 'Dismiss',
    opened: (agent: string, place: string) => `New sign-in: ${agent}${place ? `, from ${place}` : ''}. If this was not you, sign it out.`,
    reused: 'A device was signed out, because a copy of its session was used. Change your password if you do not know why.',
    passwordChangedBy: (agent: string, place: string) => `Your password was changed: ${agent}${place ? `, from ${place}` : ''}.`,
    changes: {
      'two_factor.enabled': (agent, place) => `Two-step sign-in was turned on: ${from(agent, place)}.`,
      'two_factor.disabled': (agent, place) =>
        `Two-step sign-in was turned off: ${from(agent, place)}. If this was not you, change your password.`,
      'two_factor.recovery_used': (agent, place) =>
        `A recovery code was used: ${from(agent, place)}. If this was not you, change your password.`,
      'two_factor.codes_renewed': (agent, place) => `There are new recovery codes: ${from(agent, place)}. The old ones are void.`,
      'passkey.added': (agent, place) => `A passkey was added: ${from(agent, place)}. If this was not you, delete it.`,
      'passkey.removed': (agent, place) => `A passkey was deleted: ${from(agent, place)}.`,
      'passkey.copied': (agent, place) =>
        `A passkey was refused because a copy of it seems to exist: ${from(agent, place)}. Delete it and add a new one.`,
    } satisfies Record<string, (agent: string, place: string) => string>,
    something: 'Something about your account changed.',
  },

  people: {
    title: 'People & invites',
    people: 'People',
    invites: 'Invites',
    search: 'Search people',
    none: (query: string) => `Nobody is called “${query}”.`,
    failed: "Couldn't load this.",
    more: 'Show more',
    role: (name: string) => `Role of ${name}`,
    roles: { owner: 'Owner', admin: 'Admin', member: 'Member' },
    you: 'You',
    deactivated: 'Deactivated',
    deactivate: 'Deactivate',
    deactivateOne: (name: string) => `Deactivate ${name}`,
    deactivateTitle: (name: string) => `Deactivate ${name}?`,
    deactivateHint: 'They are signed out everywhere at once and cannot sign in. What they said stays. You can undo this.',
    deactivatedNow: (name: string) => `${name} is deactivated and signed out everywhere.`,
    resetSteps: 'Reset two-step sign-in',
    resetStepsOne: (name: string) => `Reset two-step sign-in of ${name}`,
    resetStepsTitle: (name: string) => `Turn two-step sign-in of ${name} off?`,
    resetStepsHint:
      'For somebody who has lost the app and the recovery codes. Make sure that it is really them who asks: their password alone signs them in then. They are told.',
    resetStepsGo: 'Turn off',
    resetStepsDone: (name: string) => `${name} signs in without a code now, and is told.`,
    noSteps: (name: string) => `${name} has no two-step sign-in.`,
    notYours: 'This page is for those who run the server.',
    reactivate: 'Reactivate',
    reactivateOne: (name: string) => `Reactivate ${name}`,
    reactivatedNow: (name: string) => `${name} can sign in again.`,
    roleTitle: (name: string, role: string) => `Make ${name} ${role}?`,
    roleHints: {
      owner: 'Owners run the server. They can do everything you can, also to you.',
      admin: 'Admins invite people, and deactivate members.',
      member: 'Members talk. Invites they could not make any more are taken back.',
    },
    roleGo: 'Change role',
    roleDone: (name: string, role: string) => `${name} is ${role} now.`,
    roleNames: { owner: 'an owner', admin: 'an admin', member: 'a member' },
    since: (when: string) => `since ${when}`,
    invite: 'Invite people',
    inviteNone: 'No invites yet. A link brings people in without you having to be there.',
    inviteTitle: 'Invite people',
    inviteRole: 'They become',
    inviteMember: 'Members',
    inviteMemberHint: 'They join public rooms and talk.',
    inviteAdmin: 'Admins',
    inviteAdminHint: 'They also invite others, and deactivate members.',
    inviteUses: 'How many people',
    inviteLife: 'Good for',
    lives: { hour: 'An hour', day: 'A day', week: 'A week', month: '30 days' },
    inviteRoom: 'They land in',
    anyRoom: 'No room in particular',
    inviteNote: 'Note',
    inviteNoteHint: 'For you and others who manage invites',
    inviteGo: 'Make link',
    making: 'Making link…',
    madeTitle: 'Your invite link',
    madeHint: 'Copy it now: it is shown only this once. Whoever has it can come in.',
    copy: 'Copy link',
    copied: 'Copied',
    done: 'Done',
    link: 'Invite link',
    states: { active: 'Active', expired: 'Expired', spent: 'Used up', revoked: 'Taken back' },
    uses: (uses: number, most: number) => `${uses} of ${most} used`,
    until: (when: string) => `until ${when}`,
    byWho: (who: string) => `by ${who}`,
    byHost: 'by the server',
    forRole: { owner: 'For the owner', admin: 'For admins', member: 'For members' },
    toRoom: (room: string) => `to #${room}`,
    toPrivate: 'to a private room',
    revoke: 'Take back',
    revokeOne: (what: string) => `Take back: ${what}`,
    revokeTitle: 'Take this invite back?',
    revokeHint: 'Its link stops working at once. Whoever came by it stays.',
  },

  crash: {
    title: 'Something broke on this page.',
    text: 'Your messages are safe on the server. Loading the page again should help.',
    reload: 'Load again',
  },
}

export type Texts = typeof en

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function invitedLine({ role, invited_by, room }: { role: string; invited_by?: string; room?: string }): string {
  if (role === 'owner') return 'Make the first account. It owns the server, and can invite the others.'
  const who = invited_by ?? 'This server'
  const what = role === 'admin' ? 'to help run this server' : room ? `to #${room}` : 'to join this server'
  return `${who} invites you ${what}. Make your account; it takes a moment.`
}

function typingLine(names: readonly string[], more: number): string {
  if (more > 0) return 'Several people are typing…'
  if (names.length === 1) return `${names[0]} is typing…`
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)} are typing…`
}
