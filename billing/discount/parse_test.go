package discount_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/discount"
)

const listed = `[{"id":"a","name":"A","percent_off":"12.5","duration":"once"},
	{"id":"b","name":"B","amount_off":{"USD":5},"duration":"periods","periods":2,"rest":"carried","applies_to":{"products":["suite"],"plans":["pro"]}}]`

func TestParse(t *testing.T) {
	t.Parallel()
	coupons, err := discount.Parse(strings.NewReader(listed))
	require.NoError(t, err)
	require.Len(t, coupons, 2)
	again, err := json.Marshal(coupons)
	require.NoError(t, err)
	parsed, err := discount.Parse(strings.NewReader(string(again)))
	require.NoError(t, err)
	require.Equal(t, coupons, parsed)
	for text, want := range map[string]string{
		``:                                       "empty",
		`{}`:                                     "coupons: ",
		listed + `1`:                             "unexpected data after the list",
		`[{"id":"a"}]`:                           `coupons[0]: coupon "a": name must have`,
		`[{"is":"a"}]`:                           `unknown field "is"`,
		strings.Replace(listed, `"b"`, `"a"`, 1): `coupons[1]: "a" is there twice`,
		`[` + strings.Repeat(" ", 1<<20+1):       "larger than 1 MiB",
		strings.Replace(listed, `"12.5"`, `"1e999"`, 1): "percent_off",
	} {
		_, err := discount.Parse(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{listed, `[]`, ``, `[{"id":"a","percent_off":1e99}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		coupons, err := discount.Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range coupons {
			require.NoError(t, c.Validate())
		}
	})
}
