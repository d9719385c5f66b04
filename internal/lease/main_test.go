package lease_test

import (
	"testing"

	"parley/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
