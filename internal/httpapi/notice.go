package httpapi

import (
	"context"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

// ListNotices implements GET /api/v1/me/notices.
func (h *handler) ListNotices(ctx context.Context) (*contract.NoticeList, error) {
	list, err := h.service.Notices.List(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := &contract.NoticeList{Items: make([]contract.Notice, len(list))}
	for i, n := range list {
		out.Items[i] = wire.Notice(n)
	}
	return out, nil
}

// DismissNotice implements DELETE /api/v1/me/notices/{notice_id}.
func (h *handler) DismissNotice(ctx context.Context, p contract.DismissNoticeParams) error {
	return h.service.Notices.Dismiss(ctx, actor(ctx), chat.NoticeID(p.NoticeID))
}
