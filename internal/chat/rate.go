package chat

import "time"

// RateLimited is the refusal of what is done too often, with the time after which it is worth a try.
func RateLimited(after time.Duration) *Error {
	return &Error{
		Kind: KindRateLimited, Code: "rate_limited", Detail: "That was too often in a short time. Wait a little and try again.", RetryAfter: after,
	}
}
