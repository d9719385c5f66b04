// Package wsapi is the WebSocket door: it decodes commands, calls the service and encodes replies and events, each event once for everybody
// who gets it. It holds no rule of its own and knows neither SQL nor the HTTP door.
package wsapi
