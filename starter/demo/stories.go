package demo

// story is what happens to a customer on a day of the demo, at noon UTC.
type story struct {
	Day      int
	Customer string
	Does     action
}

// action is one of the kinds below.
type action interface{ isAction() }

type (
	// change asks for another plan (empty: the same) or seats, now or at the end of the period.
	change struct {
		Plan        string
		Seats       int64
		AtPeriodEnd bool
	}
	// cancel ends the subscription.
	cancel struct{ AtPeriodEnd, Credit bool }
	pause  struct{}
	resume struct{}
	// newCard replaces the card that is charged.
	newCard struct{ Token string }
	// cardTrouble scripts the customer's next charges in the sandbox: declines one by one, then as usual.
	cardTrouble struct{ Declines []string }
	// cardDies makes every further charge of the customer's end with a code.
	cardDies struct{ Code string }
)

func (change) isAction()      {}
func (cancel) isAction()      {}
func (pause) isAction()       {}
func (resume) isAction()      {}
func (newCard) isAction()     {}
func (cardTrouble) isAction() {}
func (cardDies) isAction()    {}

// stories are the year's events, beside what happens by itself: renewals, trials ending, dunning, runs and filings.
var stories = []story{
	// Upgrades, downgrades, seats.
	{20, "nimbus-isha", change{Plan: "nimbus-pro"}},
	{52, "nimbus-ana", change{Plan: "nimbus-pro"}},
	{75, "nimbus-dieter", change{Plan: "nimbus-plus"}},
	{80, "nimbus-maria", change{Plan: "nimbus-plus", AtPeriodEnd: true}},
	{110, "nimbus-ola", change{Plan: "nimbus-plus-yearly"}},
	{40, "tandem-alpine", change{Seats: 15}},
	{66, "tandem-alpine", change{Seats: 11}},
	{95, "tandem-lumen", change{Plan: "tandem-business", Seats: 32}},
	{101, "tandem-harbor", change{Seats: 72}},
	{130, "tandem-canyon", change{Plan: "tandem-team", Seats: 25, AtPeriodEnd: true}},
	{200, "tandem-nova", change{Plan: "tandem-team-yearly", Seats: 20}},
	{60, "quarry-birch", change{Seats: 9}},
	{61, "quarry-birch", change{Seats: 10}},
	{140, "quarry-cedar", change{Seats: 6}},
	{100, "quarry-ginkgo", change{Seats: 44}},
	{170, "quarry-juniper", change{Seats: 21}},
	// Pauses and ends.
	{55, "nimbus-haruto", pause{}},
	{83, "nimbus-haruto", resume{}},
	{120, "nimbus-rosa", pause{}},
	{190, "nimbus-rosa", resume{}},
	{72, "nimbus-tariq", cancel{AtPeriodEnd: true}},
	{98, "nimbus-pema", cancel{}},
	{160, "tandem-fjord", cancel{Credit: true}},
	{185, "quarry-elm", cancel{}},
	{205, "quarry-ironwood", cancel{}},
	{220, "nimbus-elise", cancel{AtPeriodEnd: true}},
	// Cards of every temperament: short of money for a while, expired, stolen, in need of authentication, dead.
	{25, "nimbus-quinn", cardTrouble{[]string{"insufficient_funds", "insufficient_funds"}}},
	{50, "nimbus-jae", cardTrouble{[]string{"processing_error"}}},
	{70, "tandem-gull", cardTrouble{[]string{"do_not_honor", "do_not_honor", "do_not_honor"}}},
	{85, "nimbus-kylie", cardDies{"expired_card"}},
	{94, "nimbus-kylie", newCard{"pm_card_mastercard"}},
	{105, "tandem-kestrel", cardDies{"stolen_card"}},
	{124, "tandem-kestrel", newCard{"pm_card_mastercard"}},
	{115, "nimbus-xavier", cardDies{"lost_card"}},
	{135, "nimbus-grace", cardTrouble{[]string{"authentication_required"}}},
	{153, "nimbus-grace", newCard{"pm_card_mastercard"}},
	{150, "quarry-dogwood", cardTrouble{[]string{"insufficient_funds"}}},
	{165, "quarry-larch", cardDies{"card_velocity_exceeded"}},
	{180, "nimbus-brisk", cardTrouble{[]string{"issuer_not_available", "insufficient_funds"}}},
	{210, "nimbus-siew", cardDies{"generic_decline"}},
	{240, "tandem-orchid", cardTrouble{[]string{"card_velocity_exceeded", "insufficient_funds"}}},
}
