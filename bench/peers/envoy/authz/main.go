// Authz is an ext_authz callout as it is commonly written with grpc-go: either it allows all, or it verifies the
// request's RS256 token and its scope. Both add one header. It keeps no memory of tokens, writes no log, counts nothing.
package main

import (
	"context"
	"crypto/rsa"
	"flag"
	"log"
	"net"
	"os"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	envoytype "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

type claims struct {
	Scope string `json:"scope"`
	jwt.RegisteredClaims
}

// policy decides; without a key it allows all.
type policy struct {
	auth.UnimplementedAuthorizationServer
	key    *rsa.PublicKey
	parser *jwt.Parser
	scope  string
}

func (p *policy) Check(_ context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	if p.key == nil {
		return allowed("anyone"), nil
	}
	token, found := strings.CutPrefix(authorization(request), "Bearer ")
	if !found {
		return denied(codes.Unauthenticated, envoytype.StatusCode_Unauthorized), nil
	}
	var judged claims
	if _, err := p.parser.ParseWithClaims(token, &judged, func(*jwt.Token) (any, error) { return p.key, nil }); err != nil {
		return denied(codes.Unauthenticated, envoytype.StatusCode_Unauthorized), nil
	}
	for _, scope := range strings.Fields(judged.Scope) {
		if scope == p.scope {
			return allowed(judged.Subject), nil
		}
	}
	return denied(codes.PermissionDenied, envoytype.StatusCode_Forbidden), nil
}

// authorization finds the header where Envoy has encode_raw_headers, else in its map.
func authorization(request *auth.CheckRequest) string {
	http := request.GetAttributes().GetRequest().GetHttp()
	for _, header := range http.GetHeaderMap().GetHeaders() {
		if header.GetKey() == "authorization" {
			if raw := header.GetRawValue(); raw != nil {
				return string(raw)
			}
			return header.GetValue()
		}
	}
	return http.GetHeaders()["authorization"]
}

func allowed(user string) *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(codes.OK)},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{
			Headers: []*core.HeaderValueOption{{
				Header:       &core.HeaderValue{Key: "x-user-id", Value: user},
				AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
			}},
		}},
	}
}

func denied(code codes.Code, http envoytype.StatusCode) *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(code)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status: &envoytype.HttpStatus{Code: http},
		}},
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9191", "address")
	keyFile := flag.String("key", "", "PEM file of the issuer's public RSA key; none allows all")
	issuer := flag.String("issuer", "", "iss")
	audience := flag.String("audience", "", "aud")
	scope := flag.String("scope", "", "the scope that a token needs")
	flag.Parse()

	decides := &policy{scope: *scope}
	if *keyFile != "" {
		pem, err := os.ReadFile(*keyFile)
		if err != nil {
			log.Fatal(err)
		}
		if decides.key, err = jwt.ParseRSAPublicKeyFromPEM(pem); err != nil {
			log.Fatal(err)
		}
		decides.parser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(),
			jwt.WithIssuer(*issuer), jwt.WithAudience(*audience))
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, decides)
	log.Fatal(server.Serve(listener))
}
