package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/config"
	"parley/internal/lease"
	"parley/internal/presence"
	"parley/internal/wsapi"
)

// makePeople counts connections together with other nodes where there is a Redis.
func (a *App) makePeople(registry prometheus.Registerer) error {
	leases, err := lease.NewMetrics(registry)
	if err != nil {
		return err
	}
	watching, err := presence.NewMetrics(registry)
	if err != nil {
		return err
	}
	rule := lease.Rule{Cap: a.config.Socket.PerUser, Evict: a.config.Socket.PerUserPolicy == config.CloseOldest}
	var table lease.Table = lease.NewMemory(rule, lease.Life, a.clock)
	if a.redis != nil {
		table = lease.NewRedis(lease.RedisConfig{
			Client: a.redis, Prefix: a.config.RedisPrefix, Rule: rule, Life: lease.Life, Timeout: a.redisTimeout,
		})
	}
	a.people = wsapi.NewPeople(wsapi.PeopleConfig{
		Rule: rule, Table: table, Leases: leases, Presence: watching, Clock: a.clock, Logger: a.log,
	})
	return nil
}
