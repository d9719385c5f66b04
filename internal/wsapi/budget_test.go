package wsapi

import (
	"testing"

	"parley/internal/config"
	"parley/internal/limit"
)

// A new command does not go without a budget of its own because nobody thought of it.
func TestCommands_have_budgets(t *testing.T) {
	t.Parallel()
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	door := New(nil, limit.Budgets{}, nil, nil, nil)
	for command := range door.commands {
		if _, ok := budgetOf[command]; !ok {
			t.Errorf("%s has no budget of its own", command)
		}
	}
	for command, budget := range budgetOf {
		if _, ok := c.Limits[budget]; !ok {
			t.Errorf("%s takes from %s, which no setting knows", command, budget)
		}
	}
	for _, budget := range []string{"command", "connect", "socket_refusals", "socket_closures"} {
		if _, ok := c.Limits[budget]; !ok {
			t.Errorf("no setting knows %s", budget)
		}
	}
}
