package workflows_test

import (
	"log/slog"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
)

type (
	environment   = testsuite.TestWorkflowEnvironment
	activityInfo  = activity.Info
	encodedValues = converter.EncodedValues
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
