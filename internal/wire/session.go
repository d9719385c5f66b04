package wire

import (
	"parley/internal/chat"
	"parley/internal/contract"
)

// Session is one of a person's sessions as they see it.
func Session(s chat.Session) contract.DeviceSession {
	return contract.DeviceSession{
		ID: contract.SessionID(s.ID), Agent: contract.Agent(s.Device.Agent), Place: contract.Place(s.Device.Place),
		CreatedAt: contract.Time(s.CreatedAt), UsedAt: contract.Time(s.UsedAt), Current: s.Current,
	}
}

// Notice is a notice as its owner sees it.
func Notice(n chat.Notice) contract.Notice {
	out := contract.Notice{
		ID: contract.ID(n.ID), Kind: contract.NoticeKind(n.Kind), At: contract.Time(n.At),
		Agent: contract.Agent(n.Device.Agent), Place: contract.Place(n.Device.Place),
	}
	if n.Session != "" {
		out.SessionID = contract.NewOptSessionID(contract.SessionID(n.Session))
	}
	return out
}
