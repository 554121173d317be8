package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// beatEvery is the pause between two signs of life of a running activity. Most activities end before the first.
const beatEvery = 2 * time.Second

// Alive is a worker interceptor that sends heartbeats for every activity while it runs. When a worker dies without a
// word, its activities are given to another within seconds instead of when their time is up.
type Alive struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (*Alive) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &aliveActivity{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type aliveActivity struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *aliveActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	done := make(chan struct{})
	defer close(done)
	go beat(ctx, done)
	return a.Next.ExecuteActivity(ctx, in)
}

func beat(ctx context.Context, done <-chan struct{}) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			activity.RecordHeartbeat(ctx)
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}
