package devstack_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/internal/devstack"
)

func startTemporal(t *testing.T, opts devstack.TemporalOptions) (*devstack.Temporal, client.Client) {
	t.Helper()
	server, err := devstack.StartTemporal(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	c, err := client.Dial(client.Options{HostPort: server.Address(), Namespace: server.Namespace()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return server, c
}

func TestTemporalIsReadyWithNamespaceAttributesAndUI(t *testing.T) {
	t.Parallel()
	server, c := startTemporal(t, devstack.TemporalOptions{
		Namespace: "billing",
		SearchAttributes: map[string]enums.IndexedValueType{
			"BillingStatus": enums.INDEXED_VALUE_TYPE_KEYWORD,
			"NextActionAt":  enums.INDEXED_VALUE_TYPE_DATETIME,
		},
		UI: true,
	})
	require.Equal(t, "billing", server.Namespace())

	// Used at once: an attribute that some cache has yet to see would fail the start.
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue:             taskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword("BillingStatus").ValueSet("active")),
	}, periods, 1)
	require.NoError(t, err)
	answer, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: "billing"})
	require.NoError(t, err)
	require.Equal(t, enums.INDEXED_VALUE_TYPE_DATETIME, answer.GetCustomAttributes()["NextActionAt"])
	for _, path := range []string{"/", "/api/v1/namespaces/billing"} {
		page, err := http.Get(server.UI() + path)
		require.NoError(t, err)
		require.NoError(t, page.Body.Close())
		require.Equal(t, http.StatusOK, page.StatusCode, path)
	}
	require.NoError(t, server.Stop())
	require.NoError(t, server.Stop(), "stopping twice is harmless")
}

func TestTemporalDatabaseFileIsKept(t *testing.T) {
	t.Parallel()
	opts := devstack.TemporalOptions{
		DBFile:           filepath.Join(t.TempDir(), "temporal.db"),
		SearchAttributes: map[string]enums.IndexedValueType{"BillingStatus": enums.INDEXED_VALUE_TYPE_KEYWORD},
	}
	first, c := startTemporal(t, opts)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: taskQueue}, periods, 1)
	require.NoError(t, err)
	require.NoError(t, first.Stop())

	opts.SearchAttributes["Currency"] = enums.INDEXED_VALUE_TYPE_KEYWORD
	_, c = startTemporal(t, opts)
	_, err = c.DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err)
	answer, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Len(t, answer.GetCustomAttributes(), 2)
}

func TestKilledTemporalStartsAgainWhereItWas(t *testing.T) {
	t.Parallel()
	server, c := startTemporal(t, devstack.TemporalOptions{DBFile: filepath.Join(t.TempDir(), "temporal.db"), UI: true})
	address, ui := server.Address(), server.UI()
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: taskQueue}, periods, 1)
	require.NoError(t, err)

	require.NoError(t, server.Kill())
	<-server.Done()
	require.NoError(t, server.Start(t.Context()))

	require.Equal(t, []string{address, ui}, []string{server.Address(), server.UI()})
	_, err = c.DescribeWorkflowExecution(t.Context(), "kept", "") // by the client that knew the one before
	require.NoError(t, err)
}

func TestTemporalInMemoryIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	server, _ := startTemporal(t, devstack.TemporalOptions{})
	require.NoError(t, server.Kill())
	require.ErrorContains(t, server.Start(t.Context()), "give it a DBFile")
}

func TestSecondStartBuildsNothing(t *testing.T) {
	t.Parallel()
	startTemporal(t, devstack.TemporalOptions{})
	var progress bytes.Buffer
	startTemporal(t, devstack.TemporalOptions{Progress: &progress})
	require.Empty(t, progress.String())
}

func TestTemporalSaysWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	_, err := devstack.StartTemporal(t.Context(), devstack.TemporalOptions{
		SearchAttributes: map[string]enums.IndexedValueType{"WorkflowId": enums.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.ErrorContains(t, err, `search attribute "WorkflowId": the name belongs to Temporal`)

	_, err = devstack.StartTemporal(t.Context(), devstack.TemporalOptions{DynamicConfig: map[string]string{"no.such": "1"}})
	require.ErrorContains(t, err, `unregistered key "no.such"`)
}
