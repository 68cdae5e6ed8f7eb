%% The server of bench/mixed, a process a connection and a process a row: erl -s mixed main -extra OPTION....
%% bench/mixed/serving.hpp says what it does.
-module(mixed).
-export([main/0]).

-define(ROWS_OF_REGION, 512).

row(Iterations) -> row(Iterations, Iterations).

row(0, State) -> State;
row(Left, State) -> row(Left - 1, ((State bxor (State bsr 15)) * 16#2c1b3c5) band 16#ffffffff).

report(Metric, Value) -> io:format("~s ~.6f~n", [Metric, float(Value)]).

calibrate(Iterations) ->
    Took = [begin Began = seconds(), row(Iterations), seconds() - Began end
            || _ <- lists:seq(1, 1001)],
    report("row_us", lists:nth(501, lists:sort(Took)) * 1.0e6).

job(Iterations, Done) ->
    Rows = [spawn_monitor(fun() -> row(Iterations), counters:add(Done, 1, 1) end)
            || _ <- lists:seq(1, ?ROWS_OF_REGION)],
    [receive {'DOWN', Monitor, process, Row, _} -> ok end || {Row, Monitor} <- Rows],
    job(Iterations, Done).

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Data} -> ok = gen_tcp:send(Socket, Data), serve(Socket);
        {error, _} -> gen_tcp:close(Socket)
    end.

accept_all(Door) ->
    {ok, Socket} = gen_tcp:accept(Door),
    Server = spawn(fun() -> receive ready -> serve(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Server),
    Server ! ready,
    accept_all(Door).

%% Processor time of all threads, in seconds: the 14th and 15th field, and the name, the second,
%% may hold anything but ends with the last parenthesis.
cpu_seconds() ->
    {ok, Stat} = file:read_file("/proc/self/stat"),
    Fields = string:lexemes(lists:last(string:split(Stat, ") ", trailing)), " "),
    lists:sum([binary_to_integer(lists:nth(N, Fields)) || N <- [12, 13]]) / 100.

seconds() -> erlang:monotonic_time(nanosecond) / 1.0e9.

obey_input(Done, Rows, Began, Cpu) ->
    case io:get_line("") of
        "begin\n" -> obey_input(Done, counters:get(Done, 1), seconds(), cpu_seconds());
        "end\n" ->
            report("window_cpu_s", cpu_seconds() - Cpu),
            report("window_s", seconds() - Began),
            report("rows", counters:get(Done, 1) - Rows),
            obey_input(Done, Rows, Began, Cpu);
        _ -> halt(0, [{flush, false}])
    end.

options([Name, Value | More]) -> (options(More))#{Name => Value};
options(_) -> #{}.

main() ->
    case options(init:get_plain_arguments()) of
        #{"--calibrate" := Iterations} ->
            calibrate(list_to_integer(Iterations)),
            halt(0);
        #{"--job" := Job, "--row-iterations" := Iterations} ->
            Done = counters:new(1, [write_concurrency]),
            {ok, Door} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}}, {active, false},
                                            {nodelay, true}, {backlog, 1024}]),
            {ok, Port} = inet:port(Door),
            report("port", Port),
            Job == "on" andalso spawn(fun() -> job(list_to_integer(Iterations), Done) end),
            spawn(fun() -> accept_all(Door) end),
            obey_input(Done, 0, seconds(), cpu_seconds())
    end.
