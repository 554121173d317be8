package service_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// useStory is what a customer uses on a test clock, written down as a scenario while it happens.
type useStory struct {
	t       *testing.T
	id      string
	at      time.Time
	entries []map[string]any
	answers []service.Use
}

func (s *useStory) note(action string, fields map[string]any) {
	s.entries = append(s.entries, map[string]any{"at": s.at, action: fields})
}

func (s *useStory) on(day int) {
	s.t.Helper()
	s.at = time.Date(2027, 1, day, 17, 30, 0, 0, time.UTC)
	require.NoError(s.t, advance(s.t.Context(), s.id+"-clock", s.at))
}

func (s *useStory) subscribe(plan string, seats int64) {
	s.t.Helper()
	s.note("subscribe", map[string]any{"id": s.id + plan, "plan": s.id + plan, "seats": seats})
	subscribe(s.t, s.id, plan, seats)
}

// uses asks for some uses at random, gives some back, and repeats some.
func (s *useStory) uses(random *rand.Rand) {
	s.t.Helper()
	for range 8 {
		feature := []string{"video", "video", "chat", "music"}[random.IntN(4)]
		quantity, name := 1+random.Int64N(4), fmt.Sprintf("u%d", random.IntN(9))
		s.note("use", map[string]any{"feature": feature, "quantity": quantity, "id": name})
		got, err := running.Service.UseFeature(s.t.Context(), s.id+"-c", feature, service.NewUse{ID: name, Quantity: quantity})
		if err == nil {
			s.answers = append(s.answers, got)
		} else {
			requireKind(s.t, err, service.Conflict, "use_id_reused")
		}
	}
	name := fmt.Sprintf("u%d", random.IntN(9))
	s.note("return_use", map[string]any{"feature": "video", "id": name})
	if _, err := running.Service.ReturnUse(s.t.Context(), s.id+"-c", "video", name); err != nil {
		requireKind(s.t, err, service.NotFound, "not_found")
	}
}

func (s *useStory) quoted() quote.Result {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{
		"catalog":   json.RawMessage(startertest.Fill(s.id, entitledPlans)),
		"customers": []any{map[string]any{"id": s.id + "-c", "zone": "America/New_York", "country": "US", "currency": "USD"}},
		"timeline":  s.entries, "until": s.at,
	})
	require.NoError(s.t, err)
	scenario, err := quote.Parse(strings.NewReader(string(text)))
	require.NoError(s.t, err, string(text))
	result, err := quote.Run(s.t.Context(), scenario)
	require.NoError(s.t, err, string(text))
	return result
}

// What a quote answers to uses is what is answered on the engine: over periods, seats, pauses, and the tries of a life.
func TestUsesAreAnsweredAsQuoted(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for seed := range uint64(3) {
		s := &useStory{t: t, id: running.Seller(t)}
		random := rand.New(rand.NewPCG(seed, 7))
		_, err := running.Service.AddPlans(t.Context(), s.id, strings.NewReader(startertest.Fill(s.id, entitledPlans)))
		require.NoError(t, err)
		_, err = running.Service.CreateClock(t.Context(), s.id+"-clock", time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		in := startertest.NewCustomer(s.id, s.id+"-c")
		in.TestClock = s.id + "-clock"
		running.Customer(t, in)

		s.on(2)
		s.uses(random)
		s.subscribe("-free", 0)
		s.uses(random)
		s.on(10)
		s.subscribe("-paid", 1)
		s.uses(random)
		s.on(15)
		s.uses(random)
		seats := int64(3)
		s.note("change", map[string]any{"subscription": s.id + "-paid", "seats": seats})
		_, err = running.Service.Change(t.Context(), s.id+"-paid", service.Change{Seats: &seats})
		require.NoError(t, err)
		s.uses(random)
		s.on(20)
		s.note("cancel", map[string]any{"subscription": s.id + "-free"})
		_, err = running.Service.Cancel(t.Context(), s.id+"-free", service.Cancel{})
		require.NoError(t, err)
		s.uses(random)
		s.on(42) // the paid plan's second period
		s.uses(random)
		s.note("pause", map[string]any{"subscription": s.id + "-paid"})
		_, err = running.Service.Pause(t.Context(), s.id+"-paid", service.Pause{})
		require.NoError(t, err)
		s.uses(random)

		result := s.quoted()
		require.Len(t, result.Uses, len(s.answers))
		for i, answer := range s.answers {
			requireSameAnswer(t, answer, result.Uses[i], "seed %d, use %d", seed, i)
			kinds[fmt.Sprintf("allowed %t, returned %t, %s", answer.Allowed, answer.Returned, answer.Reason)]++
		}
		listed, err := running.Service.Entitlements(t.Context(), s.id+"-c")
		require.NoError(t, err)
		require.Len(t, result.Entitlements, len(listed.Data))
	}
	require.Len(t, kinds, 4, "allowed, returned, exhausted and not entitled: %v", kinds)
}

func requireSameAnswer(t *testing.T, happened service.Use, quoted quote.Used, format string, args ...any) {
	t.Helper()
	type answer struct {
		id, feature, reason, by string
		allowed, returned       bool
		limit, used, remaining  int64
		resets                  time.Time
	}
	number := func(n *int64) int64 {
		if n == nil {
			return -1
		}
		return *n
	}
	want := answer{id: happened.ID, feature: happened.Feature, reason: happened.Reason, allowed: happened.Allowed, returned: happened.Returned}
	if e := happened.Entitlement; e != nil {
		want.by, want.limit, want.used, want.remaining = e.Subscription, number(e.Limit), number(e.Used), number(e.Remaining)
		if e.ResetsAt != nil {
			want.resets = e.ResetsAt.UTC()
		}
	}
	got := answer{id: quoted.ID, feature: quoted.Feature, reason: string(quoted.Reason), allowed: quoted.Allowed, returned: quoted.Returned}
	if e := quoted.Entitlement; e != nil {
		got.by, got.limit, got.used, got.remaining = e.Subscription, number(e.Limit), number(e.Used), number(e.Remaining)
		if e.ResetsAt != nil {
			got.resets = e.ResetsAt.Clock().UTC()
		}
	}
	require.Equalf(t, want, got, format, args...)
}
