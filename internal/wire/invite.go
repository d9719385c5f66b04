package wire

import (
	"errors"

	"parley/internal/chat"
	"parley/internal/contract"
)

// Invite is an invite as those see it who run the server. Usable is what chat.Invite.Usable says of it now.
func Invite(i chat.InviteView, usable error) contract.Invite {
	out := contract.Invite{
		ID: contract.ID(i.ID), Role: contract.ServerRole(i.Role), State: inviteState(usable), Note: i.Note,
		CreatedAt: contract.Time(i.CreatedAt), ExpiresAt: contract.Time(i.ExpiresAt), MaxUses: i.MaxUses, Uses: i.Uses,
	}
	if i.Room != 0 {
		out.RoomID = contract.NewOptID(contract.ID(i.Room))
	}
	if i.RoomName != "" {
		out.RoomName = contract.NewOptString(i.RoomName)
	}
	if i.CreatedBy != 0 {
		out.CreatedBy = contract.NewOptUser(User(i.Creator))
	}
	return out
}

func inviteState(usable error) contract.InviteState {
	switch {
	case usable == nil:
		return contract.InviteStateActive
	case errors.Is(usable, chat.ErrInviteRevoked):
		return contract.InviteStateRevoked
	case errors.Is(usable, chat.ErrInviteSpent):
		return contract.InviteStateSpent
	}
	return contract.InviteStateExpired
}

// Invitation is an invite as its holder may see it.
func Invitation(i chat.InviteView) contract.Invitation {
	out := contract.Invitation{Role: contract.ServerRole(i.Role), ExpiresAt: contract.Time(i.ExpiresAt)}
	if i.Creator.DisplayName != "" {
		out.InvitedBy = contract.NewOptString(i.Creator.DisplayName)
	}
	if i.RoomName != "" {
		out.Room = contract.NewOptString(i.RoomName)
	}
	return out
}
