package service_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

var running startertest.Stack

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running)) }

// requireKind checks that an error is of the service's own, of a kind and with a code.
func requireKind(t *testing.T, err error, kind service.Kind, code string) *service.Error {
	t.Helper()
	var e *service.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Kind, e.Error())
	require.Equal(t, code, e.Code, e.Error())
	return e
}
