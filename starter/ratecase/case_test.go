package ratecase

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

const perUnit = `{"model":"per_unit","unit_amount":"0.10"}`

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, text, want string }{
		{
			"a quantity", `{"id":1,"price":` + perUnit + `,"currency":"usd","quantity":"12.345"}`,
			`{"id":1,"currency":"USD","amount":"1.23","amount_minor":123,"total":"1.23","exact":"1.2345","prorated":"1.2345",
			"steps":[{"quantity":"12.345","unit_amount":"0.1","flat_amount":"0","amount":"1.2345"}]}`,
		},
		{
			"the rest of a cycle", `{"id":"b","price":` + perUnit + `,"currency":"USD","quantity":30,"already_billed":"1.23"}`,
			`{"id":"b","currency":"USD","amount":"1.77","amount_minor":177,"total":"3.00","already_billed":"1.23","exact":"3","prorated":"3",
			"steps":[{"quantity":"30","unit_amount":"0.1","flat_amount":"0","amount":"3"}]}`,
		},
		{
			"seats for a part of a month", `{"price":{"model":"per_unit","unit_amount":"8"},"currency":"USD","quantity":1,"kind":"recurring","part":20,"of":30}`,
			`{"currency":"USD","amount":"5.33","amount_minor":533,"total":"5.33","exact":"8","prorated":"5.333333333333333333","part":20,"of":30,
			"steps":[{"quantity":"1","unit_amount":"8","flat_amount":"0","amount":"8"}]}`,
		},
		{
			"the minimum of a part of a month",
			`{"price":{"model":"graduated","tiers":[{"unit_amount":"1"}],"minimum":"31"},"currency":"JPY","usage":{"quantity":"0"},"kind":"usage","part":16,"of":31}`,
			`{"currency":"JPY","amount":"16","amount_minor":16,"total":"16","exact":"16","prorated":"16","part":16,"of":31,
			"steps":[{"what":"minimum","quantity":"0","unit_amount":"0","flat_amount":"16","amount":"16"}]}`,
		},
		{
			"a flat amount, whatever was used", `{"id":null,"price":{"model":"flat","flat_amount":31},"currency":"USD","usage":null,"part":16,"of":31}`,
			`{"currency":"USD","amount":"16.00","amount_minor":1600,"total":"16.00","exact":"31","prorated":"16","part":16,"of":31,
			"steps":[{"quantity":"0","unit_amount":"0","flat_amount":"31","amount":"31"}]}`,
		},
		{
			"nothing", `{"price":{"model":"volume","tiers":[{"unit_amount":"1"}]},"currency":"KWD","usage":{}}`,
			`{"currency":"KWD","amount":"0.000","amount_minor":0,"total":"0.000","exact":"0","prorated":"0","steps":[]}`,
		},
	} {
		c, err := Parse([]byte(test.text))
		require.NoError(t, err, test.why)
		answer, err := c.Answer()
		require.NoError(t, err, test.why)
		got, err := json.Marshal(answer)
		require.NoError(t, err)
		require.JSONEq(t, test.want, string(got), test.why)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	with := func(more string) string { return `{"id":7,"price":` + perUnit + `,"currency":"USD",` + more + `}` }
	for text, want := range map[string]string{
		with(`"quantity":1,"quantity":2`):                                              `quantity: is given twice`,
		with(`"quantity":1,"part":1.5,"of":31`):                                        `part: "1.5" must be a whole number`,
		`{"currency":"USD","quantity":1}`:                                              `price: is missing`,
		`{"price":{"model":"per_unit","Unit_Amount":1},"currency":"USD","quantity":1}`: `price.Unit_Amount: no such field`,
		`{"price":{"model":"volume","tiers":[{"from":1}]},"currency":"USD"}`:           `price.tiers[0].from: no such field: use one of up_to`,
		``:                              `a case is one JSON object: it is not complete`,
		`[]`:                            `case: fields with values are expected, not a list`,
		with(`"quantity":1`) + `{}`:     `a case is one JSON object: unexpected data after the end`,
		with(`"amount":1`):              `amount: no such field: use one of id, price, currency, quantity`,
		with(`"quantity":"one"`):        `quantity: "one" is no number: write digits`,
		with(`"kind":"usage"`):          `quantity or usage is required`,
		with(`"quantity":-1`):           `quantity must not be negative, got -1`,
		with(`"quantity":1e-13`):        `quantity: at most 12 digits may follow the point`,
		with(`"quantity":1e999999999`):  `quantity: "1e999999999" is no number`,
		with(`"usage":{"quantity":-1}`): `usage.quantity must not be negative, got -1`,
		with(`"usage":{"events":[{"quantity":1},{"quantity":"x"}]}`):                                                       `usage.events[1].quantity: "x" is no number`,
		with(`"usage":{"events":[{"quantity":1},{"quantity":-2}]}`):                                                        `usage.events[1].quantity must not be negative`,
		with(`"usage":{"events":2}`):                                                                                       `usage.events: a list is expected, not "2"`,
		with(`"usage":{},"quantity":1`):                                                                                    `quantity cannot be combined with usage`,
		with(`"quantity":1,"part":1`):                                                                                      `part and of belong together`,
		with(`"quantity":1,"part":1,"of":2`):                                                                               `kind is required with a part`,
		with(`"quantity":1,"part":3,"of":2,"kind":"usage"`):                                                                `part must be between 0 and 2, got 3`,
		with(`"quantity":1,"part":0,"of":0,"kind":"usage"`):                                                                `of must be at least 1, got 0`,
		with(`"quantity":1,"kind":"seats"`):                                                                                `kind "seats" must be one of recurring, usage`,
		with(`"quantity":1,"already_billed":"0.001"`):                                                                      `already_billed: USD has 2 decimal digits, got 0.001`,
		with(`"quantity":"999999999999999999"`):                                                                            `amount out of range`,
		`{"price":` + perUnit + `,"currency":"XYZ","quantity":1}`:                                                          `currency: unknown currency "XYZ"`,
		`{"price":{"model":"volume","tiers":[{"up_to":10},{"up_to":5},{}]},"currency":"USD","quantity":1}`:                 `price.tiers[1].up_to must exceed 10, got 5`,
		`{"price":{"model":"volume","tiers":[{"up_to":10},{"up_to":20}]},"currency":"USD","quantity":1}`:                   `price.tiers[1].up_to must be left out in the last tier`,
		`{"price":{"model":"volume","tiers":[{"up_to":"ten"},{}]},"currency":"USD","quantity":1}`:                          `price.tiers[0].up_to: "ten" is no number`,
		`{"price":{"model":"per_unit","unit_amount":"-1"},"currency":"USD","quantity":1}`:                                  `price.unit_amount must not be negative, got -1`,
		`{"price":{"model":"per_unit","unit_amount":"0.0000000000001"},"currency":"JPY","quantity":1}`:                     `price.unit_amount: at most 12 digits may follow the point of a price in JPY`,
		`{"price":{"model":"matrix","dimensions":["a"],"cells":[{"values":{}}],"default_unit_amount":0},"currency":"USD"}`: `price.cells[0].values.a is missing`,
	} {
		c, err := Parse([]byte(text))
		if err == nil {
			_, err = c.Answer()
		}
		require.ErrorContains(t, err, want, text)
	}
	c, err := Parse([]byte(with(`"quantity":"one"`)))
	require.Error(t, err)
	require.Equal(t, "7", string(c.ID), "the id is known although the case is wrong")
}

// Whatever is asked, there is an answer whose steps add up, or an error.
func FuzzCase(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","price":{"model":"percentage","percent":"2.99","event_minimum":"1.75","event_maximum":"12","free_rule":"events","free_events":1},"currency":"EUR","usage":{"events":[{"quantity":"10"},{"quantity":80}]}}`,
		`{"price":{"model":"matrix","dimensions":["a"],"cells":[{"values":{"a":"x"},"unit_amount":1}],"default_unit_amount":"0"},"currency":"USD","usage":{"groups":[{"values":{"a":"x"},"quantity":3}]}}`,
		`{"price":{"model":"graduated","package_size":3,"packages_across_tiers":true,"tiers":[{"up_to":10,"unit_amount":1},{"flat_amount":1e17}],"flat_at_zero":true},"currency":"JPY","quantity":"10.5"}`,
		`{"price":{"model":"per_unit","unit_amount":"2","commitment":{"quantity":"10","overage_unit_amount":"3","paid":"advance"}},"currency":"USD","quantity":7,"part":16,"of":31,"kind":"usage"}`,
		`{"price":{"model":"dynamic","multiplier":"1.2","maximum":"5","rounding":"up"},"currency":"KWD","usage":{"amount":"7","quantity":1},"already_billed":2}`,
		`{"price":{"model":"per_unit","unit_amount":1e400},"currency":"USD","quantity":1e-2000000000}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		answer, err := c.Answer()
		if err != nil {
			return
		}
		sum := answer.Exact.Sub(answer.Exact)
		for _, step := range answer.Steps {
			sum = sum.Add(step.Amount)
		}
		require.True(t, sum.Equal(answer.Exact))
		_, err = json.Marshal(answer)
		require.NoError(t, err)
	})
}
