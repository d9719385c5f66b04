// Package httpapi is the HTTP door: it implements the generated contract by decoding, calling the service and encoding, turns every error
// into application/problem+json in one place, guards the browser with headers, and serves the web client. It holds no rule of the product
// and knows neither SQL nor the socket.
package httpapi
