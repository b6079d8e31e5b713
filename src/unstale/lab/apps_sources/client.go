// An application of the lab in Go: net/http with its defaults, or with the settings that docs/other-languages.md names.
//
// usage: client VARIANT, then on standard input one line of settings as JSON and one request id a line. The first line
// on standard output says that it is ready; then each answer is one line of JSON, in the order in which they come.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type settings struct {
	URL      string            `json:"url"`
	Method   string            `json:"method"`
	Body     *string           `json:"body"`
	Headers  map[string]string `json:"headers"`
	TimeoutS float64           `json:"timeout_s"`
	CA       string            `json:"ca"`
	TTL      float64           `json:"ttl_s"`
	Host     string            `json:"host"`
}

type answer struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
	Bytes  int    `json:"bytes"`
	Error  string `json:"error"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Scan()
	var asked settings
	if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
		os.Exit(2)
	}
	client := &http.Client{Transport: plain(asked), Timeout: seconds(asked.TimeoutS)}
	repeats := 0
	if os.Args[1] == "recommended" {
		following := &follower{asked: asked}
		following.current.Store(recommended(asked))
		go following.follow()
		client.Transport = following
		repeats = 1
	}
	var turn sync.Mutex
	output := json.NewEncoder(os.Stdout)
	output.Encode(map[string]bool{"ready": true})
	var running sync.WaitGroup
	for input.Scan() {
		id := input.Text()
		running.Add(1)
		go func() {
			defer running.Done()
			got := send(client, asked, id, repeats)
			turn.Lock()
			defer turn.Unlock()
			output.Encode(got)
		}()
	}
	running.Wait()
}

func plain(asked settings) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = trust(asked.CA)
	return transport
}

// recommended bounds idleness below the server's, dead peers and connecting.
func recommended(asked settings) *http.Transport {
	transport := plain(asked)
	transport.IdleConnTimeout = 4 * time.Second
	transport.MaxIdleConnsPerHost = 100
	dialer := &net.Dialer{
		Timeout:       2 * time.Second,
		FallbackDelay: 250 * time.Millisecond,
		KeepAlive:     10 * time.Second,
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				// 0x12 is TCP_USER_TIMEOUT (tcp(7)), which the syscall package does not name.
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, 0x12, 4000)
			})
		},
	}
	transport.DialContext = dialer.DialContext
	return transport
}

// A follower takes a new transport whenever DNS answers differently, and every five minutes: net/http has neither a
// maximum age nor a way to close connections by address. Requests that are under way end on the old one.
type follower struct {
	asked   settings
	current atomic.Pointer[http.Transport]
}

func (f *follower) RoundTrip(request *http.Request) (*http.Response, error) {
	return f.current.Load().RoundTrip(request)
}

func (f *follower) CloseIdleConnections() {
	f.current.Load().CloseIdleConnections()
}

func (f *follower) follow() {
	known := ""
	aged := time.Now()
	for {
		found, err := net.DefaultResolver.LookupHost(context.Background(), f.asked.Host)
		now := strings.Join(found, " ")
		if (err == nil && !same(now, known)) || time.Since(aged) > 5*time.Minute {
			known, aged = now, time.Now()
			f.current.Swap(recommended(f.asked)).CloseIdleConnections()
		}
		time.Sleep(seconds(max(0.5, 0.8*f.asked.TTL)))
	}
}

func same(one, other string) bool {
	a, b := strings.Fields(one), strings.Fields(other)
	if len(a) != len(b) {
		return false
	}
	seen := map[string]bool{}
	for _, name := range a {
		seen[name] = true
	}
	for _, name := range b {
		if !seen[name] {
			return false
		}
	}
	return true
}

// send repeats, once and with pauses in which DNS may change, an idempotent request that was cut before its answer.
// What could not connect was never sent, so it is tried again whatever its method.
func send(client *http.Client, asked settings, id string, repeats int) answer {
	began := time.Now()
	for {
		got, err := once(client, asked, id)
		if err == nil || repeats == 0 || time.Since(began) > 4*time.Second {
			return got
		}
		var dial *net.OpError
		neverSent := errors.As(err, &dial) && dial.Op == "dial"
		var dns *net.DNSError
		neverSent = neverSent || errors.As(err, &dns)
		if !neverSent {
			if asked.Method == "POST" {
				return got
			}
			repeats--
			client.CloseIdleConnections()
		}
		wait := min(2*time.Second, max(250*time.Millisecond, seconds(asked.TTL+1)))
		if neverSent {
			wait = 250 * time.Millisecond
		}
		time.Sleep(wait + time.Duration(rand.Int63n(int64(100*time.Millisecond))))
	}
}

func once(client *http.Client, asked settings, id string) (answer, error) {
	var body io.Reader
	if asked.Body != nil {
		body = strings.NewReader(*asked.Body)
	}
	request, err := http.NewRequest(asked.Method, asked.URL+"/"+id, body)
	if err != nil {
		return answer{ID: id, Error: err.Error()}, err
	}
	for name, value := range asked.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("x-request-id", id)
	response, err := client.Do(request)
	if err != nil {
		return answer{ID: id, Error: err.Error()}, err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return answer{ID: id, Error: err.Error()}, nil
	}
	return answer{ID: id, Status: response.StatusCode, Bytes: int(size)}, nil
}

func trust(path string) *tls.Config {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		os.Exit(2)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: pool}
}

func seconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Second))
}
